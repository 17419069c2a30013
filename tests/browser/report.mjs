// Opens pages of `jobguard lint --format html` in Chromium and does with them what people do: look, search, choose, put together
// by rule, open a finding, print. The folder has findings.html, findings-hostile.html and many.html.
import assert from "node:assert/strict";
import { join } from "node:path";
import { finish, folder, settle, shot, test } from "./harness.mjs";

const rows = (page) => page.locator(".list > details:visible");
const count = (page) => page.locator("#count").textContent();

await test("without a script all can be read, and nothing does nothing", "findings", { scripts: false }, async (page) => {
  assert.ok((await rows(page).count()) > 10);
  assert.equal(await page.locator(".toolbar, button, #rules, #none").filter({ visible: true }).count(), 0);
  const closed = page.locator(".list > details:not([open])").first();
  await closed.locator("summary").click();
  assert.equal(await page.locator(".list > details[open] .source mark").first().isVisible(), true);
});

await test("searching by keyboard", "findings", {}, async (page) => {
  const all = await rows(page).count();
  await page.keyboard.press("/");
  assert.equal(await page.evaluate(() => document.activeElement.id), "search");
  await page.keyboard.type("restartpolicy always");
  await settle(page);
  const found = await rows(page).count();
  assert.ok(found >= 1 && found < all, `${found} of ${all}`);
  assert.equal(await count(page), `${found} of ${all} findings`);
  await page.keyboard.type(" and nothing has this");
  await settle(page);
  assert.equal(await rows(page).count(), 0);
  assert.equal(await page.locator(".set:visible").count(), 0);
  assert.ok(await page.locator("#none").isVisible());
  await page.keyboard.press("Escape");
  assert.equal(await rows(page).count(), all);
});

await test("choosing levels, a rule and a file", "findings", {}, async (page) => {
  const all = await rows(page).count();
  const error = page.locator("[data-level=error]");
  const errors = Number(await error.locator(".number").textContent());
  await error.click();
  assert.equal(await error.getAttribute("aria-pressed"), "false");
  assert.equal(await rows(page).count(), all - errors);
  await page.locator("#clear").click();
  for (const id of ["rule", "file"]) {
    await page.locator(`#${id}`).selectOption({ index: 1 });
    assert.ok((await rows(page).count()) < all && (await rows(page).count()) > 0, id);
    await page.locator("#clear").click();
    assert.equal(await rows(page).count(), all);
  }
  const pick = page.locator("button.pick").first();
  const rule = await pick.textContent();
  await pick.click();
  assert.equal(await page.locator("#rule option:checked").textContent(), rule);
  assert.ok((await rows(page).count()) < all);
});

await test("by rule and back, what is open stays open", "findings", {}, async (page) => {
  const order = () => page.locator(".list > details .m").allTextContents();
  const [all, before] = [await rows(page).count(), await order()];
  await page.locator(".list > details > summary").nth(2).click();
  const open = await page.locator(".list > details[open] .m").allTextContents();
  await page.keyboard.press("g");
  assert.equal(await page.locator("#by-rule").getAttribute("aria-pressed"), "true");
  assert.equal(await rows(page).count(), all);
  assert.ok(await page.locator("#rules .set:visible h3 a").first().isVisible());
  const perRule = await page.locator("#rules .list").evaluateAll((lists) => lists.map((list) => new Set([...list.children].map((row) => row.dataset.r)).size));
  assert.ok(perRule.every((rules) => rules === 1));
  assert.deepEqual((await page.locator(".list > details[open] .m").allTextContents()).sort(), open.sort());
  await shot(page, "findings-by-rule");
  await page.locator("#by-object").click();
  assert.deepEqual(await order(), before);
});

await test("opening all and closing all", "findings", {}, async (page) => {
  const all = await rows(page).count();
  await page.locator("#open").click();
  await settle(page);
  assert.equal(await page.locator(".list > details[open]").count(), all);
  assert.equal(await page.locator("#open").textContent(), "Close all");
  assert.ok((await page.locator(".diff ins").count()) > 0);
  const ids = await page.evaluate(() => [...document.querySelectorAll("[id]")].map((element) => element.id));
  assert.equal(new Set(ids).size, ids.length, "an id is used twice");
  await shot(page, "findings-open");
  await page.locator("#open").click();
  await settle(page);
  assert.equal(await page.locator(".list > details[open]").count(), 0);
});

await test("names that are markup stay names", "findings-hostile", {}, async (page) => {
  const elements = () => page.evaluate(() => [document.images.length, document.scripts.length, document.querySelectorAll("iframe, form, object").length]);
  assert.deepEqual(await elements(), [0, 1, 0]);
  for (const row of await rows(page).all()) await row.evaluate((element) => { element.open = true; });
  assert.deepEqual(await elements(), [0, 1, 0]);
  const links = await page.locator("a").evaluateAll((links) => links.map((link) => link.href));
  assert.ok(links.length > 0 && links.every((link) => link.startsWith("https://github.com/jobguard/jobguard/blob/main/docs/rules/")));
  const text = await page.evaluate(() => document.body.innerText);
  assert.ok(text.includes("</script><img src=x onerror=alert(1)>"));
  assert.ok(!/[\u202a-\u202e\u2066-\u2069\u200b]/u.test(text));
  await page.locator("#search").fill("<img src=x onerror=alert(1)>");
  await settle(page);
  assert.ok((await rows(page).count()) > 0);
  await shot(page, "findings-hostile");
});

await test("thousands of findings are searched between two pictures of the screen", "many", {}, async (page) => {
  const all = Number((await count(page)).match(/^([\d,]+) of/u)[1].replace(",", ""));
  assert.ok(all > 4_000, `${all}`);
  const took = await page.evaluate(async () => {
    const search = document.getElementById("search");
    const times = [];
    for (const value of ["n", "no", "job-17", "job-171", ""]) {
      search.value = value;
      const begin = performance.now();
      search.dispatchEvent(new Event("input"));
      await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
      times.push(performance.now() - begin);
    }
    return times;
  });
  console.log(`searching took ${took.map(Math.round).join(", ")} ms`);
  // Much less where nothing else runs: this is only not to be quadratic.
  assert.ok(Math.max(...took) < 10_000);
  await page.keyboard.press("g");
  await settle(page);
  assert.equal(await page.locator("#objects").isVisible(), false);
});

for (const scheme of ["light", "dark"]) {
  for (const width of [1280, 400]) {
    await test(`a look at ${width} pixels, ${scheme}`, "findings", { scheme, width }, async (page) => {
      for (const number of [0, 1, 2]) await page.locator(".list > details > summary").nth(number).click();
      const [inside, outside] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
      assert.ok(inside <= outside, `the page is ${inside} wide, and ${outside} is shown`);
      await shot(page, `findings-${scheme}-${width}`);
    });
  }
}

await test("printing opens findings, and closes them again", "findings", {}, async (page) => {
  await page.evaluate(() => dispatchEvent(new Event("beforeprint")));
  // As many as somebody may want on paper.
  assert.equal(await page.locator(".list > details[open]").count(), Math.min(200, await rows(page).count()));
  await page.evaluate(() => dispatchEvent(new Event("afterprint")));
  assert.equal(await page.locator(".list > details[open]").count(), 0);
  const pdf = await page.pdf({ path: join(folder, "findings.pdf"), format: "A4" });
  assert.ok(pdf.length > 10_000);
});

await finish();
