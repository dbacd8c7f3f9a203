// Checks a certificate in the visitor's own browser: the signature (ES256, RFC 7515) by the published keys, and the
// place in the signed list of what was withdrawn (W3C Bitstring Status List).
"use strict";
const own = document.getElementById("own");
const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
const say = (tone, text) => {
  own.classList.remove("good", "stop");
  if (tone) own.classList.add(tone);
  own.querySelector("p").textContent = text;
  own.dataset.done = tone || "none";
};

async function opened(line, keys) {
  const [head, body, signature] = line.trim().split(".");
  const header = JSON.parse(new TextDecoder().decode(bytes(head)));
  const key = keys.find((key) => key.kid === header.kid && key.kty === "EC" && key.crv === "P-256");
  if (header.alg !== "ES256" || !key) return null;
  const algorithm = { name: "ECDSA", namedCurve: "P-256" };
  const { kty, crv, x, y } = key;
  const imported = await crypto.subtle.importKey("jwk", { kty, crv, x, y }, algorithm, false, ["verify"]);
  const signed = new TextEncoder().encode(`${head}.${body}`);
  const genuine = await crypto.subtle.verify({ name: "ECDSA", hash: "SHA-256" }, imported, bytes(signature), signed);
  return genuine ? JSON.parse(new TextDecoder().decode(bytes(body))) : null;
}

async function withdrawn(list, place) {
  const packed = bytes(list.credentialSubject.encodedList.slice(1));
  const plain = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  const bits = new Uint8Array(await new Response(plain).arrayBuffer());
  return Boolean(bits[place >> 3] & (0x80 >> (place & 7)));
}

async function check() {
  own.querySelector("p").textContent = own.dataset.running;
  const text = async (path) => {
    const answer = await fetch(path);
    if (!answer.ok) throw new Error(path);
    return answer.text();
  };
  const [line, jwks, status] = await Promise.all([
    text(own.dataset.capsule), text("/.well-known/jwks.json"), text("/v1/status-list"),
  ]);
  const keys = JSON.parse(jwks).keys;
  const capsule = await opened(line, keys);
  const list = await opened(status, keys);
  // A certificate of another number is not the one that was asked for.
  const names = capsule && JSON.stringify(capsule).includes(own.dataset.capsule.split("/")[2]);
  if (!names || !list) return say("stop", own.dataset.bad);
  const place = Number(capsule.credentialStatus.statusListIndex);
  if (await withdrawn(list, place)) return say("stop", own.dataset.revoked);
  return say("good", own.dataset.good);
}

if (own) {
  if (window.crypto?.subtle && "DecompressionStream" in window) check().catch(() => say("stop", own.dataset.failed));
  else say("", own.dataset.lacks);
}
