// Paints a picture that comes as a list of shapes, as the program itself writes them. Texts stay texts.
const paint = (picture, id) => {
  const element = (name, attributes, text) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
    if (text !== undefined) made.textContent = text;
    return made;
  };
  const [width, height, title, description, shapes] = picture;
  const svg = element("svg", {
    class: "picture", viewBox: `0 0 ${width} ${height}`, role: "img", "aria-labelledby": `${id}-t ${id}-d`,
  });
  svg.append(element("title", { id: `${id}-t` }, title), element("desc", { id: `${id}-d` }, description));
  const kinds = {
    b: ([x, y, width, height, look, tip]) => {
      const box = element("rect", { class: look, x, y, width, height });
      if (tip !== undefined) box.append(element("title", {}, tip));
      return box;
    },
    l: ([x1, y1, x2, y2, look]) => element("line", { class: look, x1, y1, x2, y2 }),
    p: ([x, y, look, d]) => element("path", { class: look, transform: `translate(${x} ${y})`, d }),
    t: ([x, y, look, text]) => element("text", { class: look, x, y }, text),
  };
  for (const [kind, ...rest] of shapes) svg.append(kinds[kind](rest));
  return svg;
};
