// The issue navigator keeps what was typed but not searched, so that the browser's back button brings it back. Where
// there is no local storage it says so in a cookie, which ends with the browser.
"use strict";

(() => {
  const DRAFT = "dcsim.navigator.draft";
  const form = document.getElementById("search-form");
  const fields = () => Array.from(form.elements).filter((field) => field.name && field.type !== "hidden");

  let storage = null;
  try {
    storage = window.localStorage;
    storage.getItem(DRAFT);
  } catch {
    storage = null;
  }
  if (!storage) {
    document.cookie = `AJS.thisPage=no-local-storage; path=${form.dataset.cookiePath}`;
    return;
  }

  const [arrival] = performance.getEntriesByType("navigation");
  if (arrival && arrival.type === "back_forward") {
    const draft = JSON.parse(storage.getItem(DRAFT) || "{}");
    if (draft.page === location.href) {
      for (const field of fields()) {
        field.value = draft.values[field.name] ?? field.value;
      }
    }
  }

  form.addEventListener("input", () => {
    const values = Object.fromEntries(fields().map((field) => [field.name, field.value]));
    storage.setItem(DRAFT, JSON.stringify({ page: location.href, values }));
  });
})();
