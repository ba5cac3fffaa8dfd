#include "pipeline/explain.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"
#include "core/shown.h"
#include "crawl/source.h"
#include "pipeline/inputs.h"

namespace ftok {
namespace {

// Passes over `count` stored bytes, so that a record can be read from its offset.
void pass_over(ByteSource& source, uint64_t count) {
  std::string block(1 << 16, '\0');
  for (uint64_t left = count; left > 0;) {
    const size_t got = source.read(block.data(), std::min<uint64_t>(left, block.size()));
    if (got == 0) throw UsageError(fmt::format("--record: {} is shorter than {} bytes", source.name(), count));
    left -= got;
  }
}

}  // namespace

Explanation explain_document(const Plan& plan, Item& item, size_t page_bytes_max) {
  Explanation explanation;
  Document& document = item.document;
  for (const auto& stage : plan.stages) {
    StageAccount& account = explanation.stages.emplace_back();
    account.stage = stage->name();
    if (document.html.empty() && explanation.extracted.empty()) explanation.extracted = document.text;
    if (!document.html.empty() && document.html.size() <= page_bytes_max) explanation.page = document.html;
    account.verdict = stage->process(document, &account.report);
    account.summary = stage->summary(document);
    if (explanation.extracted.empty()) explanation.extracted = document.text;
    if (!account.verdict.kept() && explanation.first.kept()) {
      explanation.first = account.verdict;
      for (const Measurement& m : account.report.measurements) {
        if (m.drops && m.rule.view() == account.verdict.reason.view()) explanation.decided.push_back(m);
      }
    }
    if (account.verdict.kind == Verdict::Kind::kSkip || (document.html.empty() && document.text.empty())) break;
  }
  return explanation;
}

Item read_record_at(const std::string& input, uint64_t offset, const Plan& plan, const Log& log) {
  std::unique_ptr<ByteSource> bytes = open_input(input, log);
  pass_over(*bytes, offset);
  SourceOptions options = plan.source;
  options.file_path = shown_input(input);
  options.dump = dump_of(input);
  const std::unique_ptr<Source> source = make_source(std::move(bytes), options);
  Item item;
  if (!source->next(item)) throw Error(fmt::format("{}: no record at byte {}", input, offset));
  item.document.offset = offset;
  return item;
}

}  // namespace ftok
