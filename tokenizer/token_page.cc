#include "tokenizer/token_page.h"

#include <fmt/format.h>

#include <map>

#include "text/unicode.h"

namespace ftok {
namespace {

// default-src 'none': even if some text did become markup, the browser would load nothing for it.
constexpr char kHead[] = R"(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width">
)";

constexpr char kStyle[] = R"(<style>
:root { color-scheme: light dark; --ink: #1b1b1f; --paper: #fdfdfc; --line: #d9d9d6; --faint: #6d6d6a;
  --c0: #cfe3f7; --c1: #f3e6bd; --c2: #f7d4d0; --c3: #d2ecd2; --special: #f4c27a; }
@media (prefers-color-scheme: dark) { :root { --ink: #e9e9e6; --paper: #17171a; --line: #3a3a3e; --faint: #9a9a96;
  --c0: #24425e; --c1: #564a1d; --c2: #5c2f2b; --c3: #274a2a; --special: #7a5218; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); margin: 0 auto; padding: 1.5rem; max-width: 110rem; }
h1 { font-size: 1.1rem; margin: 0 0 1rem; }
h2 { font-size: 1rem; margin: 0; }
main { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(24rem, 100%), 1fr)); gap: 1.5rem; align-items: start; }
.facts { color: var(--faint); margin: 0 0 .6rem; }
.text { font: 15px/1.75 ui-monospace, "DejaVu Sans Mono", monospace; white-space: pre-wrap; overflow-wrap: anywhere;
  border: 1px solid var(--line); border-radius: 6px; padding: .8rem; }
b { font-weight: inherit; border-radius: 3px; padding: 1px 0; }
.c0 { background: var(--c0); } .c1 { background: var(--c1); } .c2 { background: var(--c2); } .c3 { background: var(--c3); }
.s { background: var(--special); }
.l { text-decoration: underline 2px; text-underline-offset: 3px; }
.role { box-shadow: inset -1px 0 var(--paper); }
u { text-decoration: none; opacity: .45; }
b:hover, b.same { outline: 2px solid currentColor; }
.roles b { padding: 1px .5em; margin-right: .5em; }
#tip { position: fixed; pointer-events: none; background: var(--ink); color: var(--paper); border-radius: 6px; padding: .35rem .6rem;
  font: 13px/1.5 ui-monospace, monospace; white-space: pre; max-width: 40rem; overflow: hidden; }
</style>
)";

// `tokens` maps an id to what the page says of it; all of it becomes text, never markup.
constexpr char kScript[] = R"(<div id="tip" hidden></div>
<script>
const tip = document.getElementById("tip");
const of = (token) => panels[token.closest(".text").dataset.panel][token.dataset.id];
addEventListener("mouseover", (event) => {
  const token = event.target.closest && event.target.closest("b[data-id]");
  tip.hidden = !token;
  if (!token) return;
  const [kind, bytes, shown] = of(token);
  tip.textContent = `${shown}\nid ${token.dataset.id}   ${kind}\nbytes ${bytes}`;
});
addEventListener("mousemove", (event) => {
  if (tip.hidden) return;
  const x = Math.min(event.clientX + 14, innerWidth - tip.offsetWidth - 8);
  const below = event.clientY + 18;
  const y = below + tip.offsetHeight > innerHeight ? event.clientY - tip.offsetHeight - 10 : below;
  tip.style.left = Math.max(4, x) + "px";
  tip.style.top = Math.max(4, y) + "px";
});
addEventListener("click", (event) => {
  const token = event.target.closest && event.target.closest("b[data-id]");
  const marked = token && token.classList.contains("same");
  for (const one of document.querySelectorAll("b.same")) one.classList.remove("same");
  if (!token || marked) return;
  for (const one of token.closest(".text").querySelectorAll(`b[data-id="${token.dataset.id}"]`)) one.classList.add("same");
});
</script>
)";

void append_escaped(std::string& out, std::string_view text) {
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\'': out += "&#39;"; break;
      default: out += c;
    }
  }
}

// A string of a script: what could end the script element or a line is written as \u.
void append_script_string(std::string& out, std::string_view text) {
  out += '"';
  for (size_t i = 0; i < text.size();) {
    const Utf8Char c = decode_utf8(text, i);
    const bool plain = c.valid && c.code_point >= 0x20 && c.code_point < 0x7F &&
                       std::string_view("\"\\<>&'").find(text[i]) == std::string_view::npos;
    if (plain) {
      out += text[i];
    } else if (c.code_point > 0xFFFF) {
      fmt::format_to(std::back_inserter(out), "\\u{{{:x}}}", static_cast<uint32_t>(c.code_point));
    } else {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<uint32_t>(c.code_point));
    }
    i += c.size;
  }
  out += '"';
}

// A token's text as the page shows it: white space stays white space, faintly marked; what a reader cannot see has its
// code.
void append_token_text(std::string& out, std::string_view bytes) {
  for (size_t i = 0; i < bytes.size();) {
    const Utf8Char c = decode_utf8(bytes, i);
    const std::string_view one = bytes.substr(i, c.size);
    i += c.size;
    const std::string shown = visible_token(one);
    if (shown == one) {
      append_escaped(out, one);
      continue;
    }
    out += one == " " ? "<wbr><u>" : "<u>";  // a line may break there
    append_escaped(out, shown);
    out += "</u>";
    if (one == "\n") out += "\n";
  }
}

std::string hex_of(std::string_view bytes) {
  constexpr size_t kBytesMax = 64;  // of the tooltip
  std::string out;
  for (const char c : bytes.substr(0, kBytesMax)) {
    fmt::format_to(std::back_inserter(out), "{}{:02x}", out.empty() ? "" : " ", static_cast<unsigned char>(c));
  }
  return bytes.size() > kBytesMax ? fmt::format("{} ... ({} bytes)", out, bytes.size()) : out;
}

std::string class_of(const TokenPanel& panel, const ViewToken& token, size_t place) {
  if (panel.roles.empty()) return panel.encoding->is_special(token.id) ? "s" : fmt::format("c{}", place % 4);
  std::string name = token.role == 0 ? "s" : fmt::format("c{}", (token.role - 1) % 4);
  name += " role";
  return token.in_loss ? name + " l" : name;
}

void append_panel(std::string& out, const TokenPanel& panel, size_t number) {
  std::string text;
  size_t in_loss = 0;
  for (const ViewToken& token : panel.tokens) {
    text += panel.encoding->token_bytes(token.id);
    in_loss += token.in_loss;
  }
  out += "<section>\n<h2>";
  append_escaped(out, panel.encoding->name());
  out += "</h2>\n<p class=\"facts\">" + token_totals(panel.tokens.size(), text);
  if (!panel.roles.empty()) out += fmt::format(", {} in the loss (underlined)", in_loss);
  out += "</p>\n";
  if (!panel.roles.empty()) {
    out += "<p class=\"roles\">";
    for (size_t i = 0; i < panel.roles.size(); ++i) {
      out += fmt::format("<b class=\"c{}\">", i % 4);
      append_escaped(out, panel.roles[i]);
      out += "</b>";
    }
    out += "</p>\n";
  }
  out += fmt::format("<div class=\"text\" data-panel=\"{}\">", number);
  for (size_t i = 0; i < panel.tokens.size(); ++i) {
    out += fmt::format("<b class=\"{}\" data-id=\"{}\">", class_of(panel, panel.tokens[i], i), panel.tokens[i].id);
    append_token_text(out, panel.encoding->token_bytes(panel.tokens[i].id));
    out += "</b>";
  }
  out += "</div>\n</section>\n";
}

// {id: [rank or "special token", bytes in hex, the token]} of the tokens that occur.
void append_table(std::string& out, const TokenPanel& panel) {
  std::map<uint32_t, std::string_view> tokens;
  for (const ViewToken& token : panel.tokens) tokens.emplace(token.id, panel.encoding->token_bytes(token.id));
  out += "{";
  for (const auto& [id, bytes] : tokens) {
    out += fmt::format("{}{}:[", out.back() == '{' ? "" : ",", id);
    const bool is_added = panel.encoding->vocabulary().find_special(bytes) != nullptr;
    append_script_string(out, panel.encoding->is_special(id) ? std::string("special token")
                              : is_added                     ? std::string("added token")
                                                             : fmt::format("rank {}", id));
    out += "," + fmt::format("\"{}\",", hex_of(bytes));
    append_script_string(out, visible_token(bytes));
    out += "]";
  }
  out += "}";
}

}  // namespace

std::string format_token_page(const std::string& title, const std::vector<TokenPanel>& panels) {
  std::string out = kHead;
  out += "<title>";
  append_escaped(out, title);
  out += "</title>\n";
  out += kStyle;
  out += "</head>\n<body>\n<h1>";
  append_escaped(out, title);
  out += "</h1>\n<main>\n";
  for (size_t i = 0; i < panels.size(); ++i) append_panel(out, panels[i], i);
  out += "</main>\n<script>\nconst panels = [";
  for (size_t i = 0; i < panels.size(); ++i) {
    if (i > 0) out += ",\n";
    append_table(out, panels[i]);
  }
  out += "];\n</script>\n";
  out += kScript;
  return out + "</body>\n</html>\n";
}

}  // namespace ftok
