#include "extract/report.h"

#include <fmt/format.h>

#include <algorithm>

#include "extract/content/extract_steps.h"

namespace ftok {

namespace {

using html::Block;
using html::BlockKind;
using html::Container;
using html::Fate;

constexpr char kHead[] =
    "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\">"
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
    "<meta name=\"viewport\" content=\"width=device-width\"><title>Extraction report</title><style>"
    "body{font:16px/1.5 Georgia,serif;max-width:60em;margin:2em auto;padding:0 1em;color:#1a1a1a}"
    "header{border-bottom:1px solid #bbb;margin-bottom:1.5em}header p{margin:.2em 0}"
    ".b{display:grid;grid-template-columns:1fr 17em;gap:1em;padding:.15em 0 .15em .8em;border-left:4px solid "
    "transparent}"
    ".k{border-color:#2a8f3c;background:#f1faf2}.d>.t{color:#8a8a8a}.t{white-space:pre-wrap;overflow-wrap:anywhere}"
    ".r{font:12px/1.4 ui-monospace,monospace;color:#555;overflow-wrap:anywhere}.k .r{color:#2a6b36}"
    ".h{font-weight:bold}.h1{font-size:1.5em}.h2{font-size:1.3em}.h3{font-size:1.15em}.c{font-family:ui-monospace,"
    "monospace;font-size:.9em}"
    ".q{font-style:italic}</style></head><body>";

void append_escaped(std::string& out, std::string_view text) {
  for (const char c : text) {
    switch (c) {
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '&': out += "&amp;"; break;
      case '"': out += "&quot;"; break;
      default: out += c;
    }
  }
}

// "main > article.post > p": the last four boxes.
std::string path_of(const html::ExtractSteps& steps, const Block& block) {
  constexpr int kLevels = 4;
  constexpr size_t kClassMax = 24;
  std::string path;
  uint32_t at = block.container;
  for (int level = 0; level < kLevels && at != 0; ++level, at = steps.page.containers[at].parent) {
    const html::NodeId node = steps.page.containers[at].node;
    std::string step(steps.dom[node].view());
    const std::string_view classes = steps.dom.value(node, html::AttributeName::kClass);
    const std::string_view first = classes.substr(0, classes.find(' '));
    if (!first.empty()) step += "." + std::string(first.size() <= kClassMax ? first : first.substr(0, kClassMax));
    path = path.empty() ? step : step + " > " + path;
  }
  return path;
}

std::string traits_of(const Block& block) {
  std::string traits;
  const auto add = [&](bool holds, const char* name) {
    if (!holds) return;
    traits += traits.empty() ? "" : ", ";
    traits += name;
  };
  add((block.ancestors & html::kInNav) != 0, "navigation");
  add((block.ancestors & html::kInFooter) != 0, "footer");
  add((block.ancestors & html::kInHeader) != 0, "header");
  add((block.ancestors & html::kInAside) != 0, "aside");
  add((block.ancestors & html::kInForm) != 0, "form");
  add((block.ancestors & html::kFolded) != 0, "folded");
  add(block.sums.letters > 0 && block.sums.link_letters * 2 > block.sums.letters, "mostly links");
  return traits;
}

const char* class_of(const Block& block) {
  if (block.kind == BlockKind::kHeading)
    return block.heading_level == 1 ? " h h1" : block.heading_level == 2 ? " h h2" : " h h3";
  if (block.kind == BlockKind::kCode) return " c";
  return block.kind == BlockKind::kQuote ? " q" : "";
}

std::string reason_of(const html::ExtractSteps& steps, size_t i, Fate fate) {
  const Block& block = steps.page.blocks[i];
  const float score = steps.choice.score[i];
  switch (fate) {
    case Fate::kWritten: return score < steps.choice.cut ? "kept with what is around it, or on request" : "kept";
    case Fate::kRepeated: return "dropped: occurs earlier on the page";
    case Fate::kInTable: return "dropped: in a table";
    case Fate::kDropped: break;
  }
  if ((block.ancestors & html::kInHidden) != 0) return "dropped: hidden";
  if (i == steps.choice.title_block) return "dropped: the page's title";
  if (score >= steps.choice.cut) return "dropped: a reader's comment";
  return fmt::format("dropped: score below {:.2f}", steps.choice.cut);
}

}  // namespace

ExtractionReport report_blocks(std::string_view page, const ExtractOptions& options) {
  const html::ExtractSteps steps(page, options);
  ExtractionReport report;
  if (steps.parsed.status != html::ParseStatus::kDone) {
    report.failure =
        fmt::format("{} {} > {}", html::name_of(steps.parsed.status), steps.parsed.value, steps.parsed.limit);
    return report;
  }
  html::LaidOut laid_out;
  html::lay_out(steps.page, steps.choice.keep, steps.layout, &laid_out);
  report.title = steps.metadata.title;
  report.cut = steps.choice.cut;
  for (size_t i = 0; i < laid_out.fates.size(); ++i) {
    const Block& block = steps.page.blocks[i];
    ReportedBlock& told = report.blocks.emplace_back();
    told.text = steps.page.text_of(block);
    if (block.starts_item) told.marker = block.is_numbered ? fmt::format("{}. ", block.item_number) : "- ";
    told.style = class_of(block);
    told.depth = block.list_depth;
    told.is_kept = laid_out.fates[i] == Fate::kWritten;
    told.score = steps.choice.score[i];
    told.why = reason_of(steps, i, laid_out.fates[i]);
    if (const std::string traits = traits_of(block); !traits.empty()) told.why += " (" + traits + ")";
    told.path = path_of(steps, block);
  }
  return report;
}

std::string report_extraction(std::string_view page, std::string_view name, const ExtractOptions& options) {
  constexpr uint32_t kDepthMax = 8;
  const ExtractionReport report = report_blocks(page, options);
  std::string out = kHead;
  out += "<header><h1>";
  append_escaped(out, name);
  out += "</h1>";
  if (!report.failure.empty()) {
    out += "<p>not extracted: ";
    append_escaped(out, report.failure);
    return out + "</p></header></body></html>\n";
  }
  size_t kept = 0;
  for (const ReportedBlock& block : report.blocks) kept += block.is_kept ? 1 : 0;
  out += "<p>";
  append_escaped(out, report.title);
  out += fmt::format("</p><p>{} of {} blocks kept, those that score {:.2f} and more (mode {})</p></header>\n", kept,
                     report.blocks.size(), report.cut, options.mode);
  for (const ReportedBlock& block : report.blocks) {
    out += fmt::format("<div class=\"b {}\"><div class=\"t{}\" style=\"margin-left:{}em\">{}",
                       block.is_kept ? 'k' : 'd', block.style, std::min(block.depth, kDepthMax), block.marker);
    append_escaped(out, block.text);
    out += fmt::format("</div><div class=\"r\">{:.2f} {}<br>", block.score, block.why);
    append_escaped(out, block.path);
    out += "</div></div>\n";
  }
  return out + "</body></html>\n";
}

}  // namespace ftok
