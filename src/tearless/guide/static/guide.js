// The guide's one script: controls move the view, code runs, and what was read is remembered here alone.
"use strict";
document.documentElement.classList.add("scripted");
const article = document.querySelector("article[data-lesson]");
const remembered = () => {
  try { return new Set(JSON.parse(localStorage.getItem("read") || "[]")); } catch { return new Set(); }
};

for (const link of document.querySelectorAll("a[data-lesson]"))
  if (remembered().has(link.dataset.lesson)) link.classList.add("done");

if (article) {
  const name = article.dataset.lesson, form = document.getElementById("controls");
  const view = document.getElementById("view"), said = document.getElementById("said");
  const refused = document.getElementById("refused");
  const code = document.getElementById("code"), output = document.getElementById("output");
  let edited = false, busy = false, waiting = false;

  const value = (slider) => {
    const low = Number(slider.dataset.low), high = Number(slider.dataset.high), share = slider.value / slider.max;
    let at = "log" in slider.dataset ? low * (high / low) ** share : low + share * (high - low);
    if ("whole" in slider.dataset) return String(Math.round(at));
    return String(Math.min(high, Math.max(low, Number(at.toPrecision(3)))));
  };
  const place = (slider, at) => {
    const low = Number(slider.dataset.low), high = Number(slider.dataset.high);
    const share = "log" in slider.dataset ? Math.log(at / low) / Math.log(high / low) : (at - low) / (high - low);
    slider.value = Math.round(share * slider.max);
  };
  const show = (text) => { view.innerHTML = text; };
  const ask = async () => {
    if (busy) { waiting = true; return; }
    busy = true;
    const query = new URLSearchParams(new FormData(form)).toString();
    const unfolded = [...view.querySelectorAll("details")].map((one) => one.open);
    try {
      const told = await (await fetch(`/lesson/${name}/view?${query}`)).json();
      refused.hidden = !told.refused;
      refused.textContent = told.refused || "";
      if (!told.refused) {
        show(told.view);
        view.querySelectorAll("details").forEach((one, i) => { one.open = Boolean(unfolded[i]); });
        view.dataset.said = told.said;
        if (code && !edited) { if ("value" in code) code.value = told.code; else code.textContent = told.code; }
        history.replaceState(null, "", `?${query}`);
      }
    } catch {
      refused.hidden = false;
      refused.textContent = "the guide does not answer: it has ended, or is busy";
    } finally {
      busy = false;
      if (waiting) { waiting = false; ask(); }
    }
  };
  form.addEventListener("input", (event) => {
    const field = event.target, other = field.closest(".control").querySelector(`input:not([type=${field.type}])`);
    if (field.type === "range") other.value = value(field);
    else if (field.type === "number" && other && field.validity.valid && field.value) place(other, Number(field.value));
    refused.hidden = field.validity.valid;
    if (field.validity.valid) ask();
    else refused.textContent = field.validationMessage;
  });
  form.addEventListener("change", () => setTimeout(() => { said.textContent = view.dataset.said || ""; }, 300));
  form.addEventListener("submit", (event) => { event.preventDefault(); ask(); });

  const run = document.getElementById("run");
  if (run) {
    code.addEventListener("input", () => { edited = true; });
    run.addEventListener("click", async () => {
      output.hidden = false;
      output.textContent = "running ...";
      run.disabled = true;
      try {
        const told = await (await fetch(`/lesson/${name}/run`, { method: "POST", body: code.value })).json();
        const lines = Object.entries(told.numbers || {}).map(([key, found]) => {
          const cell = view.querySelector(`[data-number="${CSS.escape(key)}"]`), above = Number(cell?.dataset.value);
          const same = cell && Math.abs(above - found) <= 1e-9 * Math.max(1, Math.abs(above), Math.abs(found));
          return `${key} = ${found}${same ? "   as above" : cell ? "   above: " + above : ""}`;
        });
        output.textContent = [told.output, ...lines, told.stopped].filter(Boolean).join("\n");
      } catch (fault) { output.textContent = String(fault); }
      run.disabled = false;
    });
  }
  article.querySelector(".question")?.parentElement.addEventListener("toggle", () => {
    try { localStorage.setItem("read", JSON.stringify([...remembered().add(name)])); } catch { /* not remembered */ }
  }, true);
}
