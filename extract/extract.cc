#include "extract/extract.h"

#include <fmt/format.h>

#include <cstdint>
#include <utility>

#include "core/error.h"
#include "extract/content/extract_steps.h"
#include "extract/content/page_title.h"
#include "extract/content/read_metadata.h"
#include "extract/content/shadow_roots.h"
#include "extract/content/text_run.h"
#include "extract/content/unended.h"
#include "extract/html/gumbo_parser.h"
#include "extract/html/mojibake.h"
#include "text/unicode.h"

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
  visitor.field("title", title, "keep the page's title heading in the text; Markdown always does");
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

namespace {

// The text in the <noframes> of a page of frames. Such a page has no body, so it shows nothing else to a reader of
// text.
std::string noframes_text(const Dom& dom) {
  constexpr size_t kNoticeMax =
      400;  // bytes; no more than "your browser cannot show frames", marked up, in any language
  std::string_view longest;
  bool frames = false;
  for (NodeId id = dom.next_in_order(Dom::kRoot); id != kNoNode;) {
    const Node& node = dom[id];
    if (node.is(Tag::kBody)) return {};
    frames = frames || node.is(Tag::kFrameset);
    if (node.is_text() && dom[node.parent].is(Tag::kNoframes) && node.size > longest.size()) longest = node.view();
    id = node.is(Tag::kHead) ? dom.next_after_subtree(id) : dom.next_in_order(id);
  }
  return frames && longest.size() > kNoticeMax ? std::string(longest) : std::string();
}

}  // namespace

ExtractSteps::ExtractSteps(std::string_view html, const ExtractOptions& options, std::string_view url) : address(url) {
  parse(html, options);
  if (parsed.status == ParseStatus::kDone) choose(options);
}

void ExtractSteps::parse(std::string_view html, const ExtractOptions& options) {
  ParseLimits limits;
  limits.bytes_max = static_cast<uint64_t>(options.bytes_max);
  limits.depth_max = static_cast<uint32_t>(options.depth_max);
  limits.attributes_max = static_cast<uint32_t>(options.attributes_max);
  limits.nodes_max = static_cast<uint32_t>(options.nodes_max);
  if (html.size() <= limits.bytes_max) repairs = repair_mojibake(html, repaired);
  if (repairs > 0) html = repaired;
  const HtmlParser parser = options.html_parser == "gumbo" ? HtmlParser::kGumbo : HtmlParser::kFtok;
  parsed = parse_html(html, limits, dom, parser);
  if (parsed.status != ParseStatus::kDone) return;
  closed = close_unended(html, parsed);
  if (!closed.empty()) {
    const uint64_t steps = parsed.steps;
    parsed = parse_html(closed, limits, dom, parser);
    parsed.steps += steps;
    if (parsed.status != ParseStatus::kDone) return;
  }
  open_shadow_roots(dom, parsed.steps);
  metadata = read_metadata(dom, address);
  noframes = noframes_text(dom);
  if (!noframes.empty()) {
    const uint64_t steps = parsed.steps;
    parsed = parse_html(noframes, limits, dom, parser);
    parsed.steps += steps;
    if (parsed.status != ParseStatus::kDone) return;
  }
  cut_into_blocks(dom, {options.links, options.images, options.markdown}, page);
  if (page.limit_met != 0) {
    parsed.status = ParseStatus::kTooManyBlocks;
    parsed.limit = page.limit_met;
    parsed.value = parsed.limit + 1;
    return;
  }
}

PageFacts ExtractSteps::facts() const {
  const std::string_view own = metadata.canonical_url;
  PageFacts facts{metadata.title, metadata.json_ld_type, metadata.og_type, own.empty() ? address : own};
  facts.document_title = metadata.document_title;
  facts.description = metadata.description;
  return facts;
}

void ExtractSteps::choose(const ExtractOptions& options) {
  ContentOptions content;
  content.caution = caution_of(options.mode);
  content.comments = options.comments;
  content.title = options.title || options.markdown;
  choice = choose_content(page, facts(), content);
  layout.markdown = options.markdown;
  layout.tables = options.tables;
  layout.repeated_lines = options.repeated_lines;
}

namespace {

// The text of a page without any markup, its lines as they are; empty when there is markup.
std::string plain_text_of(const Dom& dom) {
  for (NodeId id = dom.next_in_order(Dom::kRoot); id != kNoNode; id = dom.next_in_order(id)) {
    const Node& node = dom[id];
    if (!node.is_text() && !node.is(Tag::kHtml) && !node.is(Tag::kHead) && !node.is(Tag::kBody)) return {};
  }
  std::string out;
  TextRun run(out);
  for (NodeId id = dom.next_in_order(Dom::kRoot); id != kNoNode; id = dom.next_in_order(id)) {
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

// The plain text decides whether there is any, whatever was asked for.
void ExtractSteps::lay_out(const ExtractOptions& options, ExtractResult& result) const {
  result.text = plain_text_of(dom);
  if (!result.text.empty()) return;
  LayoutOptions plain_layout = layout;
  plain_layout.markdown = false;
  std::vector<uint8_t> keep = choice.keep;
  const bool adds_title = options.markdown && !options.title && choice.title_block != kNone &&
                          page.blocks[choice.title_block].heading_level > 0;
  if (adds_title) keep[choice.title_block] = choice.keeps_title_unasked;
  LaidOut plain, marked;
  result.text = html::lay_out(page, keep, plain_layout, &plain);
  if (is_in_json_ld(result.text, metadata.json_ld_text)) {
    result.text = metadata.json_ld_text;
    return;
  }
  if (options.markdown) {
    result.plain = std::move(result.text);
    result.text = html::lay_out(page, choice.keep, layout, &marked);
  }
  result.lines = line_entries(result.plain ? *result.plain : result.text, plain, result.plain ? &marked : nullptr);
}

}  // namespace html

void check_options(const ExtractOptions& options) {
  const std::pair<const char*, int64_t> limits[] = {{"bytes_max", options.bytes_max},
                                                    {"depth_max", options.depth_max},
                                                    {"attributes_max", options.attributes_max},
                                                    {"nodes_max", options.nodes_max}};
  for (const auto& [key, limit] : limits) {
    if (limit < 0 || limit > UINT32_MAX)
      throw UsageError(fmt::format("extract.{}: got {}, expected 0 to {}", key, limit, UINT32_MAX));
  }
  if (options.html_parser != "gumbo" || html::has_gumbo()) return;
  html::Dom dom;
  html::parse_with_gumbo("", {}, dom);  // says that there is none
}

ExtractResult extract(std::string_view html, const ExtractOptions& options, std::string_view url) {
  ExtractResult result;
  html::ExtractSteps steps(html, options, url);
  result.steps = steps.parsed.steps + steps.page.steps;
  result.arena_bytes = steps.parsed.arena_bytes;
  result.block_bytes = steps.page.bytes();
  result.mojibake = steps.repairs;
  result.blocks = static_cast<uint32_t>(steps.page.blocks.size());
  result.containers = static_cast<uint32_t>(steps.page.containers.size());
  if (steps.parsed.status != html::ParseStatus::kDone) {
    result.drop_reason =
        steps.parsed.status == html::ParseStatus::kTooLarge ? "extract.too_large" : "extract.too_complex";
    result.detail = html::name_of(steps.parsed.status);
    result.value = steps.parsed.value;
    result.limit = steps.parsed.limit;
    return result;
  }
  steps.lay_out(options, result);
  result.metadata = std::move(steps.metadata);
  html::Metadata& page = result.metadata;
  const std::string_view address = page.canonical_url.empty() ? url : page.canonical_url;
  page.title = html::title_without_site(page.title, {page.site, page.heading, address});
  if (is_empty_text(result.plain ? *result.plain : result.text)) result.drop_reason = "extract.no_text";
  return result;
}

}  // namespace ftok
