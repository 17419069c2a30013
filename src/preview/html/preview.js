const at = (id) => document.getElementById(id);
const make = (name, look, ...children) => {
  const made = document.createElement(name);
  if (look) made.className = look;
  made.append(...children.map((child) => (typeof child === "number" ? String(child) : child)));
  return made;
};
const data = JSON.parse(at("data").textContent);
const text = (number) => data.texts[number];
const DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const two = (number) => String(number).padStart(2, "0");
const plural = (count, word) => `${count.toLocaleString("en")} ${word}${count === 1 ? "" : "s"}`;

// As the program reckons shades and writes counts.
const shades = (highest) => {
  const least = new Set();
  if (highest > 0) for (let step = 0; step < 6; step++) least.add(Math.max(1, Math.ceil((highest * step * step) / 36)));
  const from = [...least];
  const last = from.length - 1;
  const shade = (place) => (last === 0 ? 4 : 1 + Math.floor((place * 5 + Math.floor(last / 2)) / last));
  return {
    of: (count) => {
      const place = from.filter((least) => least <= count).length;
      return place === 0 ? 0 : shade(place - 1);
    },
    legend: from.map((least, place) => [shade(place), least, place === last ? highest : from[place + 1] - 1]),
  };
};
const compact = (count) => {
  if (count < 1000) return String(count);
  const [unit, name] = count < 1e6 ? [1e3, "k"] : count < 1e9 ? [1e6, "M"] : [1e9, "G"];
  const tenths = Math.floor(count / (unit / 10));
  return tenths >= 100 || tenths % 10 === 0 ? `${Math.floor(tenths / 10)}${name}` : `${Math.floor(tenths / 10)}.${tenths % 10}${name}`;
};
const week = (number) => {
  const hours = [];
  const pairs = data.weeks[number];
  for (let i = 0; i < pairs.length; i += 2) for (let times = pairs[i]; times > 0; times--) hours.push(pairs[i + 1]);
  return hours;
};

// What stands in an opened row.
const clock = (second, minutes) => {
  const shown = new Date((second + minutes * 60) * 1000);
  const [date, time] = shown.toISOString().split("T");
  const sign = minutes < 0 ? "−" : "+";
  const off = `${sign}${two(Math.floor(Math.abs(minutes) / 60))}:${two(Math.abs(minutes) % 60)}`;
  const seconds = time.slice(5, 8) === ":00" ? time.slice(0, 5) : time.slice(0, 8);
  return [`${DAYS[(shown.getUTCDay() + 6) % 7]} ${date} ${seconds}`, off];
};
const runsOf = (row) => {
  let second = data.window[0];
  let place = -1;
  return (row.r ?? []).map((gap, number) => {
    second += gap;
    while (place + 1 < row.o.length && row.o[place + 1][0] <= number) place++;
    return [second, row.o[place][1], row.o[place][2]];
  });
};
const runTable = (row) => {
  const runs = runsOf(row);
  const all = [
    [text(row.z), runs.map(([second, own]) => clock(second, own))],
    [`you (${data.zone})`, runs.map(([second, , reader]) => clock(second, reader))],
    ["UTC", runs.map(([second]) => clock(second, 0))],
  ];
  const columns = all.filter(([, cells], number) =>
    all.slice(0, number).every(([, earlier]) => earlier.some((cell, run) => String(cell) !== String(cells[run]))));
  const head = make("tr", "", ...columns.map(([name]) => {
    const cell = make("th", "", name);
    cell.scope = "col";
    return cell;
  }));
  const rows = runs.map((_, number) => make("tr", "", ...columns.map(([, cells]) => {
    const [shown, off] = cells[number];
    const space = shown.lastIndexOf(" ");
    return make("td", "", make("span", "", shown.slice(0, space)), " ", make("span", "", shown.slice(space + 1), make("i", "", off)));
  })));
  return make("div", "scroll", make("table", "runs", make("thead", "", head), make("tbody", "", ...rows)));
};
const strip = (row, id) => {
  const [from, until] = data.window;
  const share = (second) => 12 + (556 * (second - from)) / (until - from);
  const shapes = [["b", 8, 6, 564, 26, "lane"], ["l", 12, 36, 568, 36, "axis"]];
  let free = 0;
  for (const [part, label] of data.ticks) {
    const x = 12 + 556 * part;
    shapes.push(["l", x, 36, x, 40, "axis"]);
    const half = label.length * 3.2;
    if (x - half >= free && x + half <= 580) {
      shapes.push(["t", x, 54, "quiet tm", label]);
      free = x + half + 6;
    }
  }
  for (const [second, , reader] of runsOf(row)) {
    shapes.push(["b", share(second) - 1.5, 9, 3, 20, "run", clock(second, reader)[0]]);
  }
  const picture = paint([580, 60, "Runs in this time", plural(row.m, "run"), shapes], id);
  picture.classList.add("strip");
  return picture;
};
const mini = (row) => {
  const hours = week(row.w);
  const shade = shades(Math.max(...hours));
  const grid = make("div", "mini");
  grid.setAttribute("role", "img");
  const busy = hours.filter((count) => count > 0).length;
  grid.setAttribute("aria-label", `Hours of the week from Monday on: runs start in ${busy} of 168`);
  grid.append(make("b"), ...[0, 6, 12, 18].map((hour) => make("b", "six", two(hour))));
  hours.forEach((count, hour) => {
    if (hour % 24 === 0) grid.append(make("b", "", DAYS[hour / 24]));
    const cell = make("span", `c${shade.of(count)}`);
    cell.title = hourWords(hour, count);
    grid.append(cell);
  });
  return grid;
};
const hourWords = (hour, count) => {
  const begin = two(hour % 24);
  return `${DAYS[Math.floor(hour / 24)]} ${begin}:00–${begin}:59: ${plural(count, "run")}`;
};
const facts = (numbers) => {
  const list = make("dl", "facts");
  for (let i = 0; i < numbers.length; i += 2) list.append(make("dt", "", text(numbers[i])), make("dd", "", text(numbers[i + 1])));
  return list;
};
const section = (title, look, ...children) => make("section", look, ...(title ? [make("h3", "", title)] : []), ...children);
const list = (numbers) => make("ul", "", ...numbers.map((number) => make("li", "", text(number))));
const timeline = (line, id) => {
  const part = section(text(line.title), "wide timeline");
  if (line.picture !== null) {
    const scroll = make("div", "scroll", paint(data.pictures[line.picture], id));
    scroll.tabIndex = 0;
    scroll.setAttribute("role", "group");
    scroll.setAttribute("aria-label", text(line.title));
    part.append(scroll);
  }
  const steps = make("dl", "steps");
  for (const [when, words] of line.lines) steps.append(make("dt", "", when === null ? "" : text(when)), make("dd", "", text(words)));
  part.append(steps, make("p", line.good ? "end" : "end bad-end", text(line.end)));
  if (line.after.length > 0) part.append(list(line.after));
  return part;
};
const body = (row, id) => {
  const plan = row.p === undefined ? { f: [], t: [] } : data.plans[row.p];
  const left = make("div");
  const right = make("div");
  if (row.r) {
    left.append(section("Next runs", "", runTable(row)));
    const more = row.m - row.r.length;
    if (more > 0) left.append(make("p", "quiet small", `and ${plural(more, "more run")} in this time`));
    right.append(section(more > 0 ? "Hours of the week" : "In this time", "", more > 0 ? mini(row) : strip(row, `${id}-s`)));
  }
  right.append(section("Settings", row.r ? "next" : "", facts([...row.f, ...plan.f])));
  if (row.l) right.append(section("Labels", "next small", ...row.l.map((number) => make("div", "code", text(number)))));

  if (row.c) left.append(section("Changes of the clock", "next", list(row.c)));
  if (row.i) left.append(section("Good to know", "next", list(row.i)));
  const parts = [left, right].filter((part) => part.childNodes.length > 0);
  return make("div", "body", ...parts, ...plan.t.map((line, number) => timeline(line, `${id}-${number}`)));
};

// Rows are filled when they are opened, or printed.
const fill = (element, row, id) => {
  if (!element.querySelector(":scope > .body")) element.append(body(row, id));
};
const rowsIn = (id, rows, letter) =>
  [...(at(id)?.children ?? [])].map((element, number) => {
    const entry = { element, row: rows[number], id: `${letter}${number}` };
    element.addEventListener("toggle", () => {
      if (element.open) fill(element, entry.row, entry.id);
    });
    return entry;
  });
const entries = rowsIn("rows", data.rows, "c");
const jobs = rowsIn("job-rows", data.jobs, "j");
const PRINTED = 20;
const tables = [...document.querySelectorAll("details.table")];
addEventListener("beforeprint", () => {
  for (const element of tables) element.open = true;
  for (const entry of [...entries.filter(({ element }) => !element.hidden), ...jobs].slice(0, PRINTED)) {
    if (entry.element.open) continue;
    fill(entry.element, entry.row, entry.id);
    entry.element.open = true;
    entry.element.dataset.printed = "";
  }
});
addEventListener("afterprint", () => {
  for (const { element } of [...entries, ...jobs]) {
    if ("printed" in element.dataset) element.open = false;
    delete element.dataset.printed;
  }
});
// A single one is read at once.
if (entries.length + jobs.length === 1) [...entries, ...jobs][0].element.open = true;

for (const element of document.querySelectorAll(".scripted")) element.hidden = false;

// What is looked for.
const search = at("search");
const chosen = { namespace: at("namespace"), label: at("label") };
const hourButton = at("hour");
const clear = at("clear");
const cells = [...document.querySelectorAll("#heat [role=gridcell]")];
const sums = [...document.querySelectorAll("#heat tbody .sum")];
let hour = null;
let counts = [];
for (const entry of entries) {
  entry.words = [entry.element.firstChild.textContent, ...(entry.row.l ?? []).map(text)].join(" ").toLowerCase();
  entry.hours = null;
}
const hoursOf = (entry) => (entry.hours ??= week(entry.row.w));

const showCell = (number) => {
  const words = at("cell");
  if (!words) return;
  if (number === null) {
    words.textContent = "";
    return;
  }
  const busy = entries.filter((entry) => entry.found && hoursOf(entry)[number] > 0).length;
  words.textContent = `${hourWords(number, counts[number])}${busy > 0 ? ` of ${plural(busy, "CronJob")}` : ""}`;
};
const fillGrid = () => {
  counts = new Array(168).fill(0);
  for (const entry of entries) {
    if (entry.found) hoursOf(entry).forEach((count, number) => { counts[number] += count; });
  }
  const shade = shades(Math.max(0, ...counts));
  cells.forEach((cell, number) => {
    cell.className = `c${shade.of(counts[number])}`;
    cell.textContent = counts[number] > 0 ? compact(counts[number]) : "";
    cell.setAttribute("aria-selected", String(number === hour));
  });
  sums.forEach((cell, day) => {
    cell.textContent = compact(counts.slice(day * 24, day * 24 + 24).reduce((sum, count) => sum + count, 0));
  });
  at("legend")?.replaceChildren(...shade.legend.map(([level, from, until]) =>
    make("span", "key", make("span", `swatch c${level}`), until > from ? `${compact(from)}–${compact(until)}` : compact(from))));
};
const apply = () => {
  const words = (search?.value ?? "").toLowerCase().split(/\s+/u).filter(Boolean);
  const namespace = chosen.namespace?.value ?? "";
  const label = chosen.label?.value ?? "";
  let shown = 0;
  for (const entry of entries) {
    entry.found = words.every((word) => entry.words.includes(word))
      && (namespace === "" || entry.row.n === Number(namespace))
      && (label === "" || (entry.row.l ?? []).includes(Number(label)));
    const isShown = entry.found && (hour === null || hoursOf(entry)[hour] > 0);
    entry.element.hidden = !isShown;
    if (isShown) shown++;
  }
  if (cells.length > 0) fillGrid();
  const begin = hour === null ? "" : two(hour % 24);
  const when = hour === null ? "" : `${DAYS[Math.floor(hour / 24)]} ${begin}:00–${begin}:59`;
  at("none").hidden = shown > 0;
  if (!search) return;
  hourButton.hidden = hour === null;
  hourButton.textContent = `${when} ✕`;
  hourButton.setAttribute("aria-label", `Remove the hour ${when}`);
  clear.hidden = hour === null && words.length === 0 && namespace === "" && label === "";
  at("count").textContent = `${shown} of ${plural(entries.length, "CronJob")}${hour === null ? "" : `, ${when}`}`;
};
const reset = () => {
  if (search) search.value = "";
  for (const choice of Object.values(chosen)) if (choice) choice.value = "";
  hour = null;
  apply();
};

if (search) {
  // Typing is never waited for, however many rows there are.
  let waiting = 0;
  search.addEventListener("input", () => {
    cancelAnimationFrame(waiting);
    waiting = requestAnimationFrame(apply);
  });
  for (const choice of Object.values(chosen)) choice?.addEventListener("change", apply);
  hourButton.addEventListener("click", () => {
    const cell = cells[hour];
    hour = null;
    apply();
    cell?.focus();
  });
  clear.addEventListener("click", () => {
    reset();
    search.focus();
  });
  addEventListener("keydown", (event) => {
    const isTyping = event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement;
    if (event.key === "/" && !isTyping && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      search.focus();
      search.select();
    } else if (event.key === "Escape" && !clear.hidden) {
      event.preventDefault();
      reset();
    }
  });
}
if (entries.length > 0) apply();

// One cell can be reached by Tab, the others by arrows.
if (cells.length > 0) {
  let current = 0;
  const choose = (number) => {
    hour = hour === number ? null : number;
    apply();
    showCell(number);
  };
  const go = (number, isFocused) => {
    cells[current].tabIndex = -1;
    current = number;
    cells[current].tabIndex = 0;
    if (isFocused) cells[current].focus();
  };
  const steps = {
    ArrowRight: (number) => (number % 24 < 23 ? number + 1 : number),
    ArrowLeft: (number) => (number % 24 > 0 ? number - 1 : number),
    ArrowDown: (number) => Math.min(number + 24, 144 + (number % 24)),
    ArrowUp: (number) => Math.max(number - 24, number % 24),
    Home: (number) => number - (number % 24),
    End: (number) => number - (number % 24) + 23,
  };
  cells.forEach((cell, number) => {
    cell.tabIndex = number === 0 ? 0 : -1;
    cell.addEventListener("pointerenter", () => showCell(number));
    cell.addEventListener("pointerleave", () => showCell(hour));
    cell.addEventListener("focus", () => showCell(number));
    cell.addEventListener("blur", () => showCell(hour));
    cell.addEventListener("click", () => {
      go(number, true);
      choose(number);
    });
    cell.addEventListener("keydown", (event) => {
      const step = steps[event.key];
      if (step) {
        event.preventDefault();
        go(step(number), true);
      } else if (event.key === "Enter" || event.key === " ") {
        event.preventDefault();
        choose(number);
      }
    });
  });
}
