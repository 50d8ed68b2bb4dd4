"use strict";
const stops = JSON.parse(document.getElementById("stops").textContent), slider = document.getElementById("stop");
if (slider) slider.addEventListener("input", () => {
  const stop = stops[slider.value], unfolded = document.querySelector("#view details")?.open;
  document.getElementById("value").textContent = stop.text;
  document.getElementById("view").innerHTML = stop.view;
  document.getElementById("code").textContent = stop.code;
  document.querySelector("#view details").open = Boolean(unfolded);
});
