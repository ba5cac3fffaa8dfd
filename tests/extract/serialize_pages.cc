// ftok_serialize_pages [ftok|gumbo]: pages in, their trees as HTML out (HTML Standard, section 13.3), without the
// doctype, for compare_parsers.py. Each page and each answer is a length (4 bytes, little-endian) and as many bytes;
// the length 0xFFFFFFFF stands for a page that a cap ended.
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>

#include "extract/html/parser.h"

namespace {

namespace html = ftok::html;
using html::Tag;

void append_escaped(std::string& out, std::string_view text, bool in_attribute) {
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '&') {
      out += "&amp;";
    } else if (text.substr(i, 2) == "\u00A0") {
      out += "&nbsp;";
      ++i;
    } else if (in_attribute && text[i] == '"') {
      out += "&quot;";
    } else if (text[i] == '<') {
      out += "&lt;";
    } else if (text[i] == '>') {
      out += "&gt;";
    } else {
      out += text[i];
    }
  }
}

// Whatever the namespace, as lexbor has it.
bool is_raw(const html::Node& node) {
  switch (node.tag) {
    case Tag::kStyle:
    case Tag::kScript:
    case Tag::kXmp:
    case Tag::kIframe:
    case Tag::kNoembed:
    case Tag::kNoframes:
    case Tag::kPlaintext: return true;
    default: return false;
  }
}

bool is_void(const html::Node& node) {
  switch (node.name_space == html::Namespace::kHtml ? node.tag : Tag::kUnknown) {
    // clang-format off
    case Tag::kArea: case Tag::kBase: case Tag::kBasefont: case Tag::kBgsound: case Tag::kBr: case Tag::kCol:
    case Tag::kEmbed:
    case Tag::kFrame: case Tag::kHr: case Tag::kImg: case Tag::kInput: case Tag::kKeygen: case Tag::kLink:
    case Tag::kMeta:
    case Tag::kParam: case Tag::kSource: case Tag::kTrack: case Tag::kWbr:
      return true;
    // clang-format on
    default: return false;
  }
}

void open(const html::Dom& dom, html::NodeId id, std::string& out) {
  const html::Node& node = dom[id];
  switch (node.kind) {
    case html::NodeKind::kText:
      if (is_raw(dom[node.parent])) {
        out += node.view();
      } else {
        append_escaped(out, node.view(), false);
      }
      return;
    case html::NodeKind::kComment: out.append("<!--").append(node.view()).append("-->"); return;
    case html::NodeKind::kElement:
      out.append("<").append(node.view());
      for (const html::Attribute* a = dom.attributes(id); a != nullptr; a = a->last ? nullptr : a + 1) {
        out.append(" ").append(a->name()).append("=\"");
        append_escaped(out, a->value(), true);
        out += '"';
      }
      out += '>';
      return;
    default: return;
  }
}

void close(const html::Node& node, std::string& out) {
  if (node.is_element() && !is_void(node)) out.append("</").append(node.view()).append(">");
}

std::string serialize(const html::Dom& dom) {
  std::string out;
  html::NodeId id = dom[html::Dom::kRoot].first_child;
  while (id != html::kNoNode && id != html::Dom::kRoot) {
    open(dom, id, out);
    if (dom[id].first_child != html::kNoNode) {
      id = dom[id].first_child;
      continue;
    }
    close(dom[id], out);
    while (id != html::Dom::kRoot && dom[id].next == html::kNoNode) {
      id = dom[id].parent;
      close(dom[id], out);
    }
    if (id != html::Dom::kRoot) id = dom[id].next;
  }
  return out;
}

bool read(void* out, size_t size) { return std::fread(out, 1, size, stdin) == size; }

}  // namespace

int main(int argc, char** argv) {
  const bool gumbo = argc > 1 && std::strcmp(argv[1], "gumbo") == 0;
  html::Dom dom;
  std::string page;
  for (uint32_t size = 0; read(&size, sizeof size);) {
    page.resize(size);
    if (size > 0 && !read(page.data(), size)) return 1;
    const auto result = html::parse_html(page, {}, dom, gumbo ? html::HtmlParser::kGumbo : html::HtmlParser::kFtok);
    const bool done = result.status == html::ParseStatus::kDone;
    const std::string out = done ? serialize(dom) : std::string();
    const uint32_t out_size = done ? static_cast<uint32_t>(out.size()) : 0xFFFFFFFF;
    std::fwrite(&out_size, sizeof out_size, 1, stdout);
    std::fwrite(out.data(), 1, out.size(), stdout);
    std::fflush(stdout);
  }
  return 0;
}
