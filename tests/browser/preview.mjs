// Opens pages of `jobguard preview --format html` in Chromium and does with them what people do: look, search, choose an hour,
// open a row, print. The folder has fleet.html, hostile.html and single.html.
import assert from "node:assert/strict";
import { join } from "node:path";
import { finish, folder, open, settle, shot, test } from "./harness.mjs";

const shown = (page) => page.locator("#rows > details:visible").count();
const count = (page) => page.locator("#count").textContent();
const cells = (page) =>
  page.locator("#heat [role=gridcell]").evaluateAll((cells) => cells.map((cell) => `${cell.className} ${cell.textContent.trim()}`));

await test("the script fills the hours as the program does", "fleet", {}, async (page) => {
  const without = await open("fleet", { scripts: false });
  assert.deepEqual(await cells(page), await cells(without));
  assert.equal((await cells(page)).length, 168);
  await without.close();
});

await test("without a script there are rows to read, and nothing that does nothing", "fleet", { scripts: false }, async (page) => {
  assert.ok((await shown(page)) > 5);
  assert.equal(await page.locator("#search").isVisible(), false);
  await page.locator("#rows > details > summary").first().click();
  assert.ok(await page.locator("#rows > details[open] li").first().isVisible());
});

await test("searching by keyboard", "fleet", {}, async (page) => {
  const all = await shown(page);
  const before = await cells(page);
  await page.keyboard.press("/");
  assert.equal(await page.evaluate(() => document.activeElement.id), "search");
  const word = await page.locator("#rows .n b").nth(3).textContent();
  await page.keyboard.type(word);
  await settle(page);
  const found = await shown(page);
  assert.ok(found >= 1 && found < all, `${found} of ${all}`);
  assert.ok((await count(page)).startsWith(`${found} of ${all} CronJobs`));
  assert.notDeepEqual(await cells(page), before);
  await page.keyboard.type(" and nothing has this");
  await settle(page);
  assert.equal(await shown(page), 0);
  assert.ok(await page.locator("#none").isVisible());
  await page.keyboard.press("Escape");
  await settle(page);
  assert.equal(await shown(page), all);
  assert.deepEqual(await cells(page), before);
});

await test("choosing a namespace and a label", "fleet", {}, async (page) => {
  const all = await shown(page);
  for (const id of ["namespace", "label"]) {
    await page.locator(`#${id}`).selectOption({ index: 1 });
    assert.ok((await shown(page)) < all && (await shown(page)) > 0, id);
    await page.locator("#clear").click();
    assert.equal(await shown(page), all);
  }
});

await test("choosing an hour by arrows", "fleet", {}, async (page) => {
  const all = await shown(page);
  await page.locator("#heat [tabindex='0']").focus();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowRight");
  assert.equal(await page.locator("#heat [tabindex='0']").count(), 1);
  assert.match(await page.locator("#cell").textContent(), /^Tue 02:00–02:59: /u);
  await page.keyboard.press("Enter");
  assert.equal(await page.locator("#heat [aria-selected=true]").count(), 1);
  assert.ok((await shown(page)) < all);
  assert.match(await count(page), /, Tue 02:00–02:59$/u);
  await page.keyboard.press("Escape");
  assert.equal(await shown(page), all);
  await page.keyboard.press("End");
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("ArrowUp");
  assert.match(await page.locator("#cell").textContent(), /^Mon 23:00/u);
});

await test("opening rows", "fleet", {}, async (page) => {
  const rows = page.locator("#rows > details");
  for (let number = 0; number < (await rows.count()); number++) {
    await rows.nth(number).locator("summary").focus();
    await page.keyboard.press("Enter");
    await rows.nth(number).locator(".body").waitFor();
  }
  const own = await rows.first().locator(".runs th").first().textContent();
  assert.ok(own.length > 0);
  for (const picture of await page.locator("svg").all()) {
    assert.equal(await picture.getAttribute("role"), "img");
    const ids = (await picture.getAttribute("aria-labelledby")).split(" ");
    assert.equal(await page.evaluate((ids) => ids.every((id) => document.getElementById(id) !== null), ids), true);
  }
  const ids = await page.evaluate(() => [...document.querySelectorAll("[id]")].map((element) => element.id));
  assert.equal(new Set(ids).size, ids.length, "an id is used twice");
});

await test("names that are markup stay names", "hostile", {}, async (page) => {
  const elements = () => page.evaluate(() => [document.images.length, document.scripts.length, document.querySelectorAll("iframe, a, form, object").length]);
  assert.deepEqual(await elements(), [0, 2, 0]);
  for (const summary of await page.locator(".list > details > summary").all()) await summary.click();
  assert.deepEqual(await elements(), [0, 2, 0]);
  const text = await page.evaluate(() => document.body.innerText);
  assert.ok(text.includes("</script><img src=x onerror=alert(1)>"));
  assert.ok(!/[\u202a-\u202e\u2066-\u2069\u200b]/u.test(text));
  await page.locator("#search").fill("<img src=x onerror=alert(1)>");
  await settle(page);
  assert.ok((await shown(page)) > 0);
  await page.waitForTimeout(100);
  await shot(page, "hostile");
});

await test("a single CronJob is open", "single", {}, async (page) => {
  await page.locator("#rows > details[open] .body").waitFor();
  assert.equal(await page.locator("#search").count(), 0);
  await shot(page, "single");
});

for (const scheme of ["light", "dark"]) {
  for (const width of [1280, 400]) {
    await test(`a look at ${width} pixels, ${scheme}`, "fleet", { scheme, width, height: 6000 }, async (page) => {
      await page.locator("#rows > details > summary").nth(1).click();
      const [inside, outside] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
      assert.ok(inside <= outside, `the page is ${inside} wide, and ${outside} is shown`);
      await shot(page, `fleet-${scheme}-${width}`);
    });
  }
}

await test("printing opens rows, and closes them again", "fleet", {}, async (page) => {
  await page.evaluate(() => dispatchEvent(new Event("beforeprint")));
  assert.ok((await page.locator("#rows > details[open] .body").count()) > 0);
  await page.evaluate(() => dispatchEvent(new Event("afterprint")));
  assert.equal(await page.locator("#rows > details[open]").count(), 0);
  const pdf = await page.pdf({ path: join(folder, "fleet.pdf"), format: "A4" });
  assert.ok(pdf.length > 10_000);
});

await finish();
