// ftok_markdown_pages: every block of HTML pages as text and laid out as Markdown, for compare_markdown.py. The pages
// come from stdin, separated by NUL; one JSON object a page: text, markdown, formulas (whether it has any).
#include <algorithm>
#include <cstdio>
#include <iostream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"
#include "extract/content/blocks.h"
#include "extract/html/parser.h"
#include "extract/output/layout.h"

namespace {

void write_page(std::string_view html) {
  using namespace ftok::html;
  Dom dom;
  PageBlocks page;
  if (parse_html(html, {}, dom).status == ParseStatus::kDone) cut_into_blocks(dom, {true, false, true}, page);
  std::string text;
  uint32_t definition = 0;  // the last <dd> that was begun
  for (const Block& block : page.blocks) {
    uint32_t around = block.container;
    const auto is = [&](Tag tag) { return page.containers[around].tag == tag; };
    while (around != 0 && !is(Tag::kDd) && !is(Tag::kLi)) around = page.containers[around].parent;
    const bool in_list = (block.ancestors & kInDefinitionList) != 0;
    const bool may_be =
        (block.kind == BlockKind::kText && in_list) || (block.kind == BlockKind::kDefinition && !block.starts_item);
    if (may_be && is(Tag::kDd) && around > definition) {
      definition = around;
      text += ": ";
    }
    text += page.text_of(block);
    text += '\n';
  }
  LayoutOptions options;
  options.markdown = options.repeated_lines = true;
  const std::vector<uint8_t> keep(page.blocks.size(), 1);
  bool formulas = false;
  for (const Mark& mark : page.marks) formulas = formulas || mark.text == "$";
  ftok::JsonWriter json;
  json.begin_object()
      .field("formulas", formulas)
      .field("text", text)
      .field("markdown", lay_out(page, keep, options))
      .end_object();
  const std::string line = json.take() + "\n";
  std::fwrite(line.data(), 1, line.size(), stdout);
}

}  // namespace

int main() {
  const std::string all{std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>()};
  for (size_t begin = 0; begin < all.size();) {
    const size_t end = std::min(all.find('\0', begin), all.size());
    write_page(std::string_view(all).substr(begin, end - begin));
    begin = end + 1;
  }
  return 0;
}
