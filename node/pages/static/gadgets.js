// Gadgets of a dashboard refresh by themselves, as long as the page is open and nobody has paused them. Each refresh is
// a request like any other, so it also keeps the session alive. One after the other: a browser whose session has just
// died is let in by its remember-me cookie once, not once per gadget.
"use strict";

(() => {
  const CHOICE = "dcsim.dashboard.refresh";
  const board = document.getElementById("dashboard");
  const chooser = document.getElementById("refresh-interval");
  const pause = document.getElementById("refresh-pause");
  const now = document.getElementById("refresh-now");
  const notice = document.getElementById("refresh-notice");
  const gadgets = Array.from(document.querySelectorAll("[data-gadget]"));
  let timer = null;
  let paused = false;
  let over = false;

  class SessionOver extends Error {}

  function remembered() {
    try {
      return localStorage.getItem(CHOICE);
    } catch {
      return null;
    }
  }

  function remember(seconds) {
    try {
      localStorage.setItem(CHOICE, seconds);
    } catch {
      // Without local storage the choice lasts as long as the page.
    }
  }

  function say(text, link) {
    notice.textContent = text;
    notice.hidden = !text;
    if (link) {
      const anchor = document.createElement("a");
      anchor.href = link;
      anchor.textContent = "Log in again";
      notice.append(" ", anchor);
    }
  }

  async function refresh(gadget) {
    const response = await fetch(gadget.dataset.source, { credentials: "same-origin", cache: "no-store" });
    if (response.status === 401) {
      throw new SessionOver(response.headers.get("X-Dcsim-Session-Ended") || "nobody is logged in");
    }
    if (!response.ok) {
      throw new Error(`status ${response.status}`);
    }
    const content = await response.text();
    // Whoever is reading a link in a gadget with the keyboard keeps it; the next refresh is soon enough.
    if (!gadget.contains(document.activeElement)) {
      gadget.querySelector("[data-content]").innerHTML = content;
    }
  }

  async function refreshAll() {
    try {
      for (const gadget of gadgets) {
        await refresh(gadget);
      }
      say("");
    } catch (error) {
      if (error instanceof SessionOver) {
        over = true;
        say(`The gadgets have stopped: your session is over (${error.message}).`, board.dataset.login);
      } else {
        say(`The gadgets could not be refreshed (${error.message}); they will try again.`);
      }
    }
  }

  function schedule() {
    clearTimeout(timer);
    if (!paused && !over) {
      timer = setTimeout(async () => {
        await refreshAll();
        schedule();
      }, Number(chooser.value) * 1000);
    }
  }

  chooser.addEventListener("change", () => {
    remember(chooser.value);
    schedule();
  });

  pause.addEventListener("click", () => {
    paused = !paused;
    pause.setAttribute("aria-pressed", String(paused));
    schedule();
  });

  now.addEventListener("click", async () => {
    await refreshAll();
    schedule();
  });

  const choice = remembered();
  if (Array.from(chooser.options).some((option) => option.value === choice)) {
    chooser.value = choice;
  }
  document.getElementById("refresh-controls").hidden = false;
  schedule();
})();
