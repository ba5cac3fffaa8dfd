"use strict";
// What the pages share: elements, numbers, the server's answers (or those that an exported page carries), and which page is shown.

// An element. Attributes that begin with "on" are listeners; children are elements or texts, and texts stay texts.
function h(name, attributes, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (value === true) element.setAttribute(key, "");
    else if (value !== false && value !== undefined && value !== null) element.setAttribute(key, value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

function svg(name, attributes, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes || {})) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

const number = (value) => Math.round(value).toLocaleString("en");
const share = (part, all) => (all > 0 ? (100 * part / all).toFixed(part === all ? 0 : 1) + " %" : "");
// Up to four digits, as a person would write it.
function short(value) {
  if (!Number.isFinite(value)) return "-";
  const size = Math.abs(value);
  if (size >= 1000) return number(value);
  if (size === 0 || size >= 0.001) return String(Number(value.toPrecision(4)));
  return value.toExponential(2);
}

const exportedData = document.getElementById("data");
const carried = exportedData ? JSON.parse(exportedData.textContent) : null;
const token = new URLSearchParams(location.search).get("token") || "";

// Whether a request is answered: always by a server, in an exported page where it carries the answer.
const holds = (path, body) => !carried || path in carried || `${path}\n${body}` in carried;

// The answer to a request: a Response's arrayBuffer for bytes, else JSON. Throws an Error with what the server says.
async function ask(path, body) {
  if (carried) {
    if (!holds(path, body)) throw new Error("this file does not hold that");
    const value = carried[`${path}\n${body}`] || carried[path];
    return typeof value === "string" ? Uint8Array.from(atob(value), (c) => c.charCodeAt(0)).buffer : value;
  }
  const response = await fetch(path, { method: body === undefined ? "GET" : "POST", body, headers: { "X-Ftok-Token": token } });
  const is_json = (response.headers.get("Content-Type") || "").startsWith("application/json");
  const answer = is_json ? await response.json() : await response.arrayBuffer();
  if (!response.ok) throw new Error(is_json ? answer.error : `the server answered ${response.status}`);
  return answer;
}

// Pages: {title, show(main)} -> a function that ends it. Which one is shown stands behind # in the address.
const pages = [];
let endPage = null;

function showPage() {
  if (location.hash === "#main") return;
  const at = Math.max(0, pages.findIndex((page) => "#" + page.id === location.hash));
  const main = document.getElementById("main"), nav = document.getElementById("nav");
  if (endPage) endPage();
  main.replaceChildren();
  nav.replaceChildren(...pages.map((page, i) => h("a", { href: "#" + page.id, "aria-current": i === at ? "page" : false }, page.title)));
  document.title = pages[at].title + " - ftok view";
  endPage = pages[at].show(main) || null;
}

function showError(main, error) {
  main.append(h("p", { class: "error", role: "alert" }, error.message));
}
