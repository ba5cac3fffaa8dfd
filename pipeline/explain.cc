#include "pipeline/explain.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>

#include "core/error.h"
#include "core/shown.h"
#include "crawl/input_format.h"
#include "crawl/source.h"
#include "crawl/warc.h"
#include "pipeline/inputs.h"

namespace ftok {
namespace {

// Row `row` of a table: its numbers are not places in the file.
Item read_row_at(const std::string& input, uint64_t row, const SourceOptions& options, const Log& log) {
  const std::unique_ptr<Source> source = make_source(open_input(input, log), options);
  uint64_t rows = 0;
  for (Item item; source->next(item); item = Item(), ++rows) {
    if (item.document.offset == row) return item;
  }
  throw UsageError(fmt::format("--record: {} has {} rows, the first is 1", input, rows));
}

bool is_lines(const SourceOptions& options) { return options.format == "jsonl" || !options.start_after.empty(); }

// How many records of an archive begin in the member at `begin` before the one that begins `in_member` decoded bytes
// into it; nothing where none begins there.
std::optional<uint64_t> records_before(std::unique_ptr<ByteSource> bytes, uint64_t begin, uint64_t in_member,
                                       const SourceOptions& options) {
  WarcReader reader(make_decoded_input(std::move(bytes)),
                    {.record_bytes_max = static_cast<uint64_t>(options.record_bytes_max)});
  WarcRecord record;
  for (uint64_t passed = 0; reader.next(record) && record.offset <= begin; ++passed) {
    if (record.offset == begin && record.offset_in_member == in_member) return passed;
  }
  return std::nullopt;
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

Item read_record_at(const std::string& input, const RecordPlace& place, const Plan& plan, const Log& log) {
  SourceOptions options = plan.source;
  options.file_path = shown_input(input);
  options.dump = dump_of(input);
  const auto refusal = [&] { return Error(fmt::format("{}: no record begins at byte {}", input, place.text())); };
  std::error_code code;
  bool is_whole_text = false;
  if (std::filesystem::is_regular_file(input, code)) {  // what begins inside it is of the format of the whole
    const InputFormat& format = tell_input_format(open_file_source(input), options);
    if (format.locator == Locator::kRow) {
      if (place.in_member > 0) throw refusal();
      return read_row_at(input, place.offset, options, log);
    }
    is_whole_text = format.is_text;
    if (options.start_after.empty() && format.is_read()) options.format = format.name;
  }
  auto tail = std::make_unique<TailSource>(open_input(input, log), place.offset);
  const uint64_t begin = tail->lead();
  if ((is_whole_text && place.offset > 0) || (is_lines(options) && !tail->may_begin_line())) throw refusal();
  uint64_t passed = 0;
  if (place.in_member > 0) {
    const std::optional<uint64_t> before = records_before(std::move(tail), begin, place.in_member, options);
    if (!before) throw refusal();
    passed = *before;
    tail = std::make_unique<TailSource>(open_input(input, log), place.offset);
  }
  const std::unique_ptr<Source> source = make_source(std::move(tail), options);
  Item item, next;
  for (uint64_t i = 0; i <= passed; ++i) {
    item = Item();
    if (!source->next(item)) throw refusal();
  }
  if (item.document.offset != begin) throw refusal();
  if (place.in_member == 0 && log && source->next(next) && next.document.offset == begin) {
    log(LogLevel::kWarning, fmt::format("{}: several records begin in the member at {}; this is the first. `ftok warc "
                                        "list` names those of an archive MEMBER+BYTES",
                                        input, place.offset));
  }
  item.document.offset = place.offset;
  return item;
}

}  // namespace ftok
