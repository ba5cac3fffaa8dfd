#include "extract/extract.h"

#include "extract/blocks.h"
#include "extract/layout.h"
#include "extract/main_content.h"
#include "extract/parser.h"

namespace ftok {

namespace {

double caution_of(const std::string& mode) {
  if (mode == "precision") return 0.8;
  if (mode == "recall") return 0.3;
  return 0.55;
}

}  // namespace

void ExtractOptions::visit(OptionVisitor& visitor) {
  visitor.choice("mode", mode, {"balanced", "precision", "recall"}, "what to prefer where a block is in doubt");
  visitor.field("comments", comments, "keep readers' comments");
  visitor.field("tables", tables, "keep tables");
  visitor.field("links", links, "write a link's address after its text");
  visitor.field("images", images, "write images' alternative texts");
  visitor.field("markdown", markdown, "lay the text out as Markdown");
  visitor.field("repeated_lines", repeated_lines, "keep a line that came before on the page");
  visitor.choice("html_parser", html_parser, {"ftok", "gumbo"}, "who parses: our own, or gumbo to compare with");
  visitor.field("bytes_max", bytes_max, "largest page, in bytes of UTF-8");
  visitor.field("depth_max", depth_max, "most open elements (browsers cap at 512)");
  visitor.field("attributes_max", attributes_max, "most attributes of a tag");
  visitor.field("nodes_max", nodes_max, "most nodes of a page");
}

ExtractResult extract(std::string_view html, const ExtractOptions& options) {
  ExtractResult result;
  html::ParseLimits limits;
  limits.bytes_max = static_cast<uint64_t>(options.bytes_max);
  limits.depth_max = static_cast<uint32_t>(options.depth_max);
  limits.attributes_max = static_cast<uint32_t>(options.attributes_max);
  limits.nodes_max = static_cast<uint32_t>(options.nodes_max);
  html::Dom dom;
  const html::ParseResult parsed = 
      html::parse_html(html, limits, dom, options.html_parser == "gumbo" ? html::HtmlParser::kGumbo : html::HtmlParser::kFtok);
  result.steps = parsed.steps;
  result.arena_bytes = parsed.arena_bytes;
  if (parsed.status != html::ParseStatus::kDone) {
    result.drop_reason = parsed.status == html::ParseStatus::kTooLarge ? "extract.too_large" : "extract.too_complex";
    result.detail = html::name_of(parsed.status);
    result.value = parsed.value;
    result.limit = parsed.limit;
    return result;
  }
  result.metadata = html::read_metadata(dom);
  html::PageBlocks page;
  html::cut_into_blocks(dom, {options.links, options.images, options.markdown}, page);
  const html::ContentChoice choice = 
      html::choose_content(page, {result.metadata.title, result.metadata.json_ld_type}, {caution_of(options.mode), options.comments});
  result.text = html::lay_out(page, choice.keep, {options.markdown, options.tables, options.repeated_lines});
  result.steps += page.steps;
  if (result.text.empty()) result.text = result.metadata.json_ld_text;
  if (result.text.empty()) result.drop_reason = "extract.no_text";
  return result;
}

}  // namespace ftok
