#include "extract/extract.h"

#include <utility>

#include "extract/extract_steps.h"
#include "extract/text_run.h"

namespace ftok {

namespace {

double caution_of(const std::string& mode) {
  if (mode == "precision") return 0.8;
  if (mode == "recall") return 0.3;
  return 0.6;
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

namespace html {

ExtractSteps::ExtractSteps(std::string_view html, const ExtractOptions& options) {
  ParseLimits limits;
  limits.bytes_max = static_cast<uint64_t>(options.bytes_max);
  limits.depth_max = static_cast<uint32_t>(options.depth_max);
  limits.attributes_max = static_cast<uint32_t>(options.attributes_max);
  limits.nodes_max = static_cast<uint32_t>(options.nodes_max);
  parsed = parse_html(html, limits, dom, options.html_parser == "gumbo" ? HtmlParser::kGumbo : HtmlParser::kFtok);
  if (parsed.status != ParseStatus::kDone) return;
  metadata = read_metadata(dom);
  cut_into_blocks(dom, {options.links, options.images, options.markdown}, page);
  if (page.limit_met != 0) {
    parsed.status = ParseStatus::kTooManyBlocks;
    parsed.limit = page.limit_met;
    parsed.value = parsed.limit + 1;
    return;
  }
  ContentOptions content;
  content.caution = caution_of(options.mode);
  content.comments = options.comments;
  content.title = options.markdown;
  choice = choose_content(page, {metadata.title, metadata.json_ld_type}, content);
  layout.markdown = options.markdown;
  layout.tables = options.tables;
  layout.repeated_lines = options.repeated_lines;
}

}  // namespace html

namespace {

// The text of a page without any markup, its lines as they are; empty when there is markup.
std::string plain_text_of(const html::Dom& dom) {
  using html::Tag;
  for (html::NodeId id = dom.next_in_order(html::Dom::kRoot); id != html::kNoNode; id = dom.next_in_order(id)) {
    const html::Node& node = dom[id];
    if (!node.is_text() && !node.is(Tag::kHtml) && !node.is(Tag::kHead) && !node.is(Tag::kBody)) return {};
  }
  std::string out;
  html::TextRun run(out);
  for (html::NodeId id = dom.next_in_order(html::Dom::kRoot); id != html::kNoNode; id = dom.next_in_order(id)) {
    if (dom[id].is_text()) run.append(dom[id].view(), true);
  }
  run.trim(true);
  return out;
}

// Pages whose text their scripts put there carry it in JSON-LD; what little they show is "Loading" and a menu.
bool is_in_json_ld(const std::string& text, const std::string& json_ld) {
  constexpr size_t kBodyMin = 400;  // bytes; a shorter articleBody is a teaser
  return text.empty() || (json_ld.size() >= kBodyMin && text.size() < json_ld.size() / 4);
}

}  // namespace

ExtractResult extract(std::string_view html, const ExtractOptions& options) {
  ExtractResult result;
  html::ExtractSteps steps(html, options);
  result.steps = steps.parsed.steps + steps.page.steps;
  result.arena_bytes = steps.parsed.arena_bytes;
  result.block_bytes = steps.page.bytes();
  result.blocks = static_cast<uint32_t>(steps.page.blocks.size());
  result.containers = static_cast<uint32_t>(steps.page.containers.size());
  if (steps.parsed.status != html::ParseStatus::kDone) {
    result.drop_reason = steps.parsed.status == html::ParseStatus::kTooLarge ? "extract.too_large" : "extract.too_complex";
    result.detail = html::name_of(steps.parsed.status);
    result.value = steps.parsed.value;
    result.limit = steps.parsed.limit;
    return result;
  }
  result.metadata = std::move(steps.metadata);
  result.text = plain_text_of(steps.dom);
  if (result.text.empty()) {
    result.text = html::lay_out(steps.page, steps.choice.keep, steps.layout);
    if (is_in_json_ld(result.text, result.metadata.json_ld_text)) result.text = result.metadata.json_ld_text;
  }
  if (result.text.empty()) result.drop_reason = "extract.no_text";
  return result;
}

}  // namespace ftok
