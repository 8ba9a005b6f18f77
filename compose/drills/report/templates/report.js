// Comfort only: the page says everything without it. Hover details, stepping, zoom of the lanes, one person at a time.
"use strict";
(() => {
  const hover = document.getElementById("hover");
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];

  // Native titles become labels, so that ours is the only box that opens.
  const words = new WeakMap();
  for (const title of all(".lanes .d > title, .msg .d > title")) {
    words.set(title.parentNode, title.textContent);
    title.parentNode.setAttribute("aria-label", title.textContent);
    title.remove();
  }

  function show(mark, x, y) {
    hover.textContent = words.get(mark);
    hover.hidden = false;
    const box = hover.getBoundingClientRect();
    const left = Math.max(8, Math.min(x + 12, innerWidth - box.width - 8));
    const top = y + 18 + box.height > innerHeight ? y - box.height - 12 : y + 18;
    hover.style.transform = `translate(${left}px, ${Math.max(8, top)}px)`;
  }
  const showAt = (mark) => {
    const box = mark.getBoundingClientRect();
    show(mark, box.left + box.width / 2, box.bottom);
  };
  const hide = () => { hover.hidden = true; };

  document.addEventListener("pointermove", (event) => {
    const mark = event.target.closest && event.target.closest(".d");
    if (mark && words.has(mark)) show(mark, event.clientX, event.clientY); else if (!stepping) hide();
  });
  document.addEventListener("scroll", () => { if (!stepping) hide(); }, true);
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") { stepping = false; hide(); } });

  // Zoom: a lane is as wide as its factor says; marks keep their size.
  let factor = 1;
  let stepping = false;
  function zoom(by) {
    const before = factor;
    factor = by === 0 ? 1 : Math.min(64, Math.max(1, factor * by));
    for (const track of all(".track")) {
      const middle = (track.scrollLeft + track.clientWidth / 2) / before;
      track.firstElementChild.style.width = `${factor * 100}%`;
      track.scrollLeft = middle * factor - track.clientWidth / 2;
    }
  }
  for (const button of all("[data-zoom]")) button.addEventListener("click", () => zoom(Number(button.dataset.zoom)));

  // n and p step of a lane in the order of time.
  for (const track of all(".track")) {
    const marks = all("use.o:not(.served)", track).sort((a, b) => parseFloat(a.getAttribute("x")) - parseFloat(b.getAttribute("x")));
    let at = -1;
    track.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === "+" || event.key === "=") zoom(2);
      else if (event.key === "-") zoom(0.5);
      else if ((event.key === "n" || event.key === "p") && marks.length) {
        marks[at] && marks[at].classList.remove("now");
        at = (at + (event.key === "n" ? 1 : -1) + marks.length) % marks.length;
        marks[at].classList.add("now");
        stepping = true;
        center(marks[at]);
        showAt(marks[at]);
      } else return;
      event.preventDefault();
    });
    track.addEventListener("blur", () => {
      marks[at] && marks[at].classList.remove("now");
      stepping = false;
      hide();
    });
  }

  function center(mark) {
    const track = mark.closest(".track");
    const box = mark.getBoundingClientRect();
    const frame = track.getBoundingClientRect();
    track.scrollLeft += box.left - frame.left - frame.width / 2;
    if (box.top < 80 || box.bottom > innerHeight - 80) scrollBy({ top: box.top - innerHeight / 2, behavior: "instant" });
  }

  // A link to an operation brings its mark into the middle and says what it is.
  function arrive() {
    const mark = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!mark || !words.has(mark) || !mark.closest(".track")) return;
    stepping = true;
    center(mark);
    requestAnimationFrame(() => { showAt(mark); stepping = false; });
  }
  addEventListener("hashchange", arrive);
  arrive();

  // One person: everybody else steps back.
  const person = document.getElementById("person");
  const rows = all(".lane .row, .labels li[data-name]");
  person && person.addEventListener("input", () => {
    const name = person.value.trim().toLowerCase();
    const known = (one) => one.dataset.name && one.dataset.name.toLowerCase().includes(name);
    for (const row of rows) row.classList.toggle("dim", Boolean(name && row.dataset.name && !known(row)));
    for (const bio of all(".bio")) bio.classList.toggle("dim", Boolean(name && !known(bio)));
    for (const mark of all(".strip .p")) {
      mark.classList.toggle("hit", Boolean(name && mark.title.split(": ")[0].toLowerCase().includes(name)));
    }
  });
  for (const tools of all(".tools")) tools.hidden = false;
  addEventListener("beforeprint", () => { for (const one of all("details.line, details.held")) one.open = true; });
})();
