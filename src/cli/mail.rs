//! `touchstone mail preview`: every letter, to be looked at.

use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use touchstone::demo::Outcome;
use touchstone::mail::mime;
use touchstone::mail::preview::{Shown, gallery};

use super::{Done, Trouble, say};

pub const EXAMPLES: &str = "Example:
  touchstone mail preview --out letters";

/// Letters.
#[derive(Debug, clap::Subcommand)]
pub enum Mail {
    Preview(Preview),
}

impl Mail {
    pub fn run(self) -> Done {
        match self {
            Mail::Preview(command) => command.run(),
        }
    }
}

/// Write every letter in every language, of made-up pieces: as .eml, .txt and .html, with a page that lists them
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Preview {
    /// The folder to write into; it is made where there is none
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

impl Preview {
    pub fn run(self) -> Done {
        let shown = gallery(Timestamp::now())?;
        write(&self.out, &shown).map_err(|error| {
            Trouble::Failed(format!("{} cannot be written to ({error}): give another --out", self.out.display()))
        })?;
        say(&format!("{} letters in {}", shown.len(), self.out.join("index.html").display()));
        Ok(Outcome::Good)
    }
}

fn write(folder: &Path, shown: &[Shown]) -> std::io::Result<()> {
    fs::create_dir_all(folder)?;
    let mut list = String::from(
        "<!doctype html>\n<meta charset=\"utf-8\">\n<meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>Letters</title>\n<style>body{font:16px/1.6 sans-serif;margin:2rem}td{padding:0 1rem 0 0}</style>\n\
         <h1>Letters</h1>\n<table>\n",
    );
    for Shown { name, about, letter } in shown {
        let posted = mime::post(letter).map_err(std::io::Error::other)?;
        fs::write(folder.join(format!("{name}.eml")), posted.bytes)?;
        fs::write(folder.join(format!("{name}.txt")), &letter.text)?;
        fs::write(folder.join(format!("{name}.html")), &letter.html)?;
        let subject = letter.subject.replace('&', "&amp;").replace('<', "&lt;");
        list.push_str(&format!(
            "<tr><td>{about}<td>{}<td><a href=\"{name}.html\">{subject}</a><td><a href=\"{name}.txt\">text</a><td><a \
             href=\"{name}.eml\">eml</a>\n",
            letter.language.tag()
        ));
    }
    list.push_str("</table>\n");
    fs::write(folder.join("index.html"), list)
}
