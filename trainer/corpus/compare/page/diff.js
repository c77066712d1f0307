"use strict";
document.documentElement.classList.add("live");
for (const section of document.querySelectorAll("section[data-kind]")) {
  const words = section.querySelector("input"), choice = section.querySelector("select");
  const told = section.querySelector("output"), rows = [...section.querySelectorAll("tbody tr")];
  if (!rows.length) continue;
  const keys = rows.map((row) => JSON.parse(row.dataset.keys));
  const texts = rows.map((row) => row.textContent.toLowerCase());
  const counts = new Map();
  for (const several of keys) for (const key of several) counts.set(key, (counts.get(key) || 0) + 1);
  for (const key of [...counts.keys()].sort()) {
    const option = document.createElement("option");
    option.value = key;
    option.textContent = `${key} (${counts.get(key)})`;
    choice.append(option);
  }
  choice.hidden = !counts.size;
  const apply = () => {
    const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    rows.forEach((row, i) => {
      const keep = (!choice.value || keys[i].includes(choice.value)) && wanted.every((word) => texts[i].includes(word));
      row.hidden = !keep;
      shown += keep;
    });
    told.textContent = shown === rows.length ? "" : `${shown} of ${rows.length}`;
  };
  words.addEventListener("input", apply);
  choice.addEventListener("change", apply);
}
