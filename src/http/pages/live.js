// Follows an order while its page is open: a change of a piece's journal brings its card anew. Without this file
// the page has a link to the same end.
"use strict";
const order = document.getElementById("order");
if (order && order.dataset.events && "EventSource" in window) {
  const events = new EventSource(order.dataset.events);
  const renew = async () => {
    const answer = await fetch(location.pathname + location.search, { credentials: "same-origin" });
    if (!answer.ok) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const card of fresh.querySelectorAll("article[data-version]")) {
      const shown = document.getElementById(card.id);
      if (!shown) {
        order.append(document.adoptNode(card));
      } else if (shown.dataset.version !== card.dataset.version) {
        const state = shown.querySelector(".state");
        const held = shown.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
        shown.className = card.className;
        shown.dataset.version = card.dataset.version;
        for (const child of [...shown.children]) if (child !== state) child.remove();
        // The part that tells the state stays in place, so that what is read aloud is the change alone.
        let behind = false;
        for (const child of [...document.adoptNode(card).children]) {
          if (child.matches(".state")) {
            state.replaceChildren(...child.childNodes);
            behind = true;
          } else if (behind) {
            shown.append(child);
          } else {
            state.before(child);
          }
        }
        if (held) shown.querySelector(`a[href="${CSS.escape(held)}"]`)?.focus();
      }
    }
  };
  events.addEventListener("changed", () => renew().catch(() => {}));
  for (const note of document.querySelectorAll(".live")) note.hidden = false;
}
