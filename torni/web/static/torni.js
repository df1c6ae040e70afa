// Small conveniences; every page works without them by links and forms.
"use strict";
addEventListener("change", (event) => {
  if (event.target.matches("[data-submit]")) event.target.form.requestSubmit();
  if (event.target.name === "verb") fields();
});

// An open head of the menu closes by Escape, by a press elsewhere and when the reader goes on past it.
const heads = document.querySelectorAll("header details");
addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const head of heads) if (head.open) { head.open = false; head.querySelector("summary").focus(); event.preventDefault(); }
});
for (const kind of ["click", "focusin"]) {
  addEventListener(kind, (event) => { for (const head of heads) if (head.open && !head.contains(event.target)) head.open = false; });
}

// What takes more than a second says how long it has taken, and can be left: what only reckons is stopped, what writes is not.
const waits = document.getElementById("waits");
let counting = 0;
function waiting(stops) {
  const since = performance.now();
  waited();
  counting = setInterval(() => {
    const seconds = Math.floor((performance.now() - since) / 1000);
    if (seconds % 5 === 1 || waits.hidden) waits.firstElementChild.textContent = waits.dataset.told.replace("{seconds}", seconds);
    waits.querySelector("[data-stop]").hidden = !stops;
    waits.hidden = false;
  }, 1000);
}
function waited() {
  clearInterval(counting);
  waits.hidden = true;
}
addEventListener("submit", (event) => {
  const form = event.target;
  if (!event.defaultPrevented && !form.hasAttribute("hx-get")) waiting(form.method === "get" || "reckons" in form.dataset);
});
addEventListener("htmx:beforeRequest", () => waiting(true));
for (const over of ["htmx:afterRequest", "pageshow", "pagehide"]) addEventListener(over, waited);
addEventListener("click", (event) => {
  if (!event.target.matches("[data-stop]")) return;
  window.stop();
  for (const one of document.querySelectorAll(".htmx-request")) htmx.trigger(one, "htmx:abort");
  waited();
});

// A client's data are kept by no browser: going back to them asks again, of the same client, instead of ending in the browser's own error.
const again = document.querySelector("[data-again]");
if (again) history.replaceState(null, "", again.dataset.again);

// Only the fields that the chosen change needs.
function fields() {
  const form = document.getElementById("step");
  if (!form) return;
  const verb = form.elements.verb.value;
  for (const field of form.querySelectorAll("[data-for]")) field.hidden = !field.dataset.for.split(" ").includes(verb);
}

// A click on the map: a unit is chosen, an empty place is where a unit opens or moves.
let verb = "close";
addEventListener("click", (event) => {
  const chosen = event.target.closest("[data-choose]");
  if (chosen) {
    for (const other of document.querySelectorAll("[data-choose]")) {
      other.toggleAttribute("aria-current", other === chosen);
      if (other === chosen) other.setAttribute("aria-current", "true");
      other.closest("li").classList.toggle("chosen", other === chosen);
    }
  }
  const copied = event.target.closest("[data-copy]");
  if (copied && navigator.clipboard) navigator.clipboard.writeText(copied.href);
  const map = event.target.closest("[data-map]");
  const form = document.getElementById("step");
  if (!map || !form) return;
  const unit = event.target.closest("[data-unit]");
  const asked = form.elements.verb.value;
  if (unit) {
    const option = [...form.elements.unit.options].find((o) => o.value === unit.dataset.unit);
    if (option) { form.elements.unit.value = option.value; form.elements.unit.focus(); }
    return;
  }
  if (asked !== "open" && asked !== "move") { form.elements.verb.value = "open"; fields(); }
  const overlay = document.getElementById("overlay");
  const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(overlay.getScreenCTM().inverse());
  form.elements.at.value = `map:${point.x.toFixed(1)},${point.y.toFixed(1)}`;
  form.requestSubmit();
});
let address = location.pathname + location.search;
addEventListener("htmx:beforeRequest", (event) => {
  const form = document.getElementById("step");
  if (form && event.detail.elt === form) verb = form.elements.verb.value;
  performance.mark("torni-asked");
});
addEventListener("htmx:afterSwap", () => {
  const form = document.getElementById("step");
  if (!form) return;
  form.elements.verb.value = verb;
  fields();
  // The address is the plan: it can be shared, and the browser's back button undoes.
  const query = new URLSearchParams();
  for (const name of ["plan", "promise", "name", "real", "on"]) if (form.elements[name] && form.elements[name].value) query.set(name, form.elements[name].value);
  for (const kept of form.querySelectorAll("[name=with]")) query.append("with", kept.value);
  const next = `${location.pathname}?${query}`;
  if (next !== location.pathname + location.search) history.pushState(null, "", next);
  address = location.pathname + location.search;
  for (const field of document.querySelectorAll("[data-plan]")) field.value = form.elements.plan.value;
});
// A part that is exchanged keeps the focus: on the same field, button or link of it, else on its heading.
let held = null;
addEventListener("htmx:beforeSwap", (event) => {
  const at = document.activeElement, part = event.detail.target;
  held = part.id && part.contains(at) ? { part: part.id, kind: at.localName, name: at.name, text: at.textContent } : null;
});
addEventListener("htmx:afterSwap", () => {
  const part = held && document.activeElement === document.body && document.getElementById(held.part);
  if (!part) return;
  const same = (one) => one.name === held.name && one.textContent === held.text && (one.type !== "radio" || one.checked);
  const next = [...part.querySelectorAll(held.kind)].find(same) || part.querySelector("h2");
  if (next && next.localName === "h2") next.tabIndex = -1;
  if (next) next.focus();
  held = null;
});
// Back to another plan asks for it; a link within the page, such as the one past the menu, does not.
addEventListener("popstate", () => { if (location.pathname + location.search !== address) location.reload(); });
fields();

// A new text where it differs from the old, marked for a moment.
function renew(place, text) {
  if (!place || place.textContent === text) return;
  place.textContent = text;
  place.classList.remove("fresh");
  void place.offsetWidth; // so that the mark of change begins anew
  place.classList.add("fresh");
}

// The open tower: what changed comes by itself, without a reload.
const watched = document.querySelector("[data-stream]");
if (watched && "EventSource" in window) {
  const stream = new EventSource(watched.dataset.stream);
  stream.addEventListener("picture", (event) => {
    const told = JSON.parse(event.data);
    const at = document.querySelector("[data-at]");
    if (at) at.textContent = told.at;
    for (const [name, text] of Object.entries(told.cells)) renew(document.querySelector(`[data-cell="${CSS.escape(name)}"]`), text);
    for (const [id, p] of Object.entries(told.promises)) {
      for (const line of document.querySelectorAll(`[data-promise="${CSS.escape(id)}"]`)) {
        const chosen = line.classList.contains("chosen");
        line.className = p.state + (chosen ? " chosen" : "");
        for (const name of ["told", "value", "counted", "now", "margin"]) {
          renew(line.querySelector(`[data-${name}]`), p[name]);
        }
      }
    }
  });
  addEventListener("pagehide", () => stream.close());
}

// The open inbox: a plan that is sent comes into the list by itself.
const box = document.querySelector("[data-inbox]");
if (box && "EventSource" in window) {
  const stream = new EventSource(box.dataset.inbox);
  stream.addEventListener("plan", () => {
    fetch(box.dataset.part, { headers: { "HX-Request": "true" } }).then((answer) => (answer.ok ? answer.text() : null)).then((text) => {
      if (text === null) return;
      const fresh = new DOMParser().parseFromString(text, "text/html").getElementById("inbox");
      document.getElementById("inbox").replaceChildren(...fresh.childNodes);
    });
  });
  addEventListener("pagehide", () => stream.close());
}
