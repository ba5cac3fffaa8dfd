// `ftok warc list|count|cat`: what is in a WARC or ARC file, without a pipeline.
#include <fmt/format.h>

#include <cstdio>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/ascii.h"
#include "core/byte_source.h"
#include "core/error.h"
#include "core/json.h"
#include "core/shown.h"
#include "core/signals.h"
#include "crawl/http_stage.h"
#include "crawl/record_place.h"
#include "crawl/warc.h"
#include "crawl/warc_source.h"
#include "pipeline/inputs.h"
#include "tools/ftok/commands.h"
#include "tools/ftok/terminal.h"

namespace ftok::cli {
namespace {

struct WarcFlags {
  std::vector<std::string> files;
  std::string file;
  std::string place;
  bool json = false;
  bool payload = false;
};

std::string place_of(const WarcRecord& record) { return RecordPlace{record.offset, record.offset_in_member}.text(); }

WarcReader open_warc(const std::string& file) { return WarcReader(make_decoded_input(open_input(file, {}))); }

// Throws where there is damage and no record: such a file is something else.
void log_damage(const std::string& file, WarcReader& reader, uint64_t records,
                std::map<std::string, uint64_t>* counts) {
  for (const Damage& damage : reader.take_damage()) {
    if (records == 0) {
      throw Error(fmt::format("{} holds no record: damage at byte {}: {} {}", file, damage.offset, damage.code.view(),
                              damage.detail));
    }
    note("{}: damage at {}: {} {}\n", file, damage.offset, damage.code.view(), damage.detail);
    if (counts != nullptr) ++(*counts)[std::string(damage.code)];
  }
}

void list_file(const std::string& file, bool json) {
  WarcReader reader = open_warc(file);
  WarcRecord record;
  uint64_t records = 0;
  while (reader.next(record)) {
    ++records;
    if (json) {
      JsonWriter line;
      line.begin_object().field("file", escape_bytes(file)).field("offset", record.offset);
      line.field("offset_in_member", record.offset_in_member).field("type", escape_bytes(record.type));
      line.field("url", escape_bytes(record.url))
          .field("date", escape_bytes(record.date))
          .field("id", escape_bytes(record.id));
      line.field("content_type", escape_bytes(record.content_type)).field("length", record.content_length);
      if (record.damage != nullptr) line.field("damage", record.damage).field("detail", escape_bytes(record.detail));
      print("{}\n", line.end_object().text());
    } else {
      print("{}\t{}\t{}\t{}{}{}\n", place_of(record), shown_field(record.type), record.content_length,
            shown_field(record.url), record.damage != nullptr ? "\t" : "",
            record.damage != nullptr ? record.damage : "");
    }
    log_damage(file, reader, records, nullptr);
  }
  log_damage(file, reader, records, nullptr);
}

void count_file(const std::string& file, bool json) {
  WarcReader reader = open_warc(file);
  WarcRecord record;
  uint64_t records = 0, damaged = 0;
  std::map<std::string, uint64_t> types, damage;
  while (reader.next(record)) {
    ++records;
    ++types[record.type.empty() ? "none" : lower_ascii(record.type)];
    if (record.damage != nullptr) {
      ++damaged;
      note("{}: damaged record at {}: {} {}\n", file, place_of(record), record.damage, record.detail);
    }
    log_damage(file, reader, records, &damage);
  }
  log_damage(file, reader, records, &damage);
  if (json) {
    JsonWriter line;
    line.begin_object().field("file", escape_bytes(file)).field("compression", reader.input().compression());
    line.field("records", records).field("damaged", damaged).key("types").begin_object();
    for (const auto& [type, count] : types) line.field(escape_bytes(type), count);
    line.end_object().key("damage").begin_object();
    for (const auto& [code, count] : damage) line.field(code, count);
    print("{}\n", line.end_object().end_object().text());
    return;
  }
  print("{}\trecords {}\tdamaged {}", shown_field(file), records, damaged);
  for (const auto& [type, count] : types) print("\t{} {}", shown_field(type), count);
  for (const auto& [code, count] : damage) print("\t{} {}", code, count);
  print("\n");
}

// Those that cannot be read are named, and the others read all the same.
void for_each_file(const std::vector<std::string>& files, const std::function<void(const std::string&)>& read) {
  if (files.size() == 1) return read(files.front());
  size_t failed = 0;
  for (const std::string& file : files) {
    try {
      read(file);
    } catch (const Stopped&) {
      throw;
    } catch (const Error& error) {
      ++failed;
      note("ftok: {}\n", hide_secrets(error.what()));
    }
  }
  if (failed > 0) throw Error(fmt::format("{} of {} files could not be read", failed, files.size()));
}

void cat_record(const WarcFlags& flags) {
  const std::optional<RecordPlace> place = parse_record_place(flags.place);
  if (!place) throw UsageError("OFFSET: expected N or N+N as `ftok warc list` prints it, got " + flags.place);
  auto tail = std::make_unique<TailSource>(open_input(flags.file, {}), place->offset);
  const uint64_t begin = tail->lead();
  WarcReader reader(make_decoded_input(std::move(tail)));
  WarcRecord record;
  bool found = false;
  while (!found && reader.next(record)) {
    found = record.offset == begin && record.offset_in_member == place->in_member;
    if (record.offset > begin) break;
  }
  if (!found) throw Error(fmt::format("{} has no record at {}", flags.file, flags.place));
  if (record.damage != nullptr) {
    note("{}: damaged record at {}: {} {}\n", flags.file, flags.place, record.damage, record.detail);
  }
  if (!flags.payload) {
    put_text(fmt::format("{}\n", record.version));
    for (const auto& [name, value] : record.fields) put_text(fmt::format("{}: {}\n", name, value));
    put_text("\n");
    put_text(record.block);
    return;
  }
  if (std::string_view(record_kind(record)) != "response") return put_text(record.block);
  Document document;
  document.payload = record.block;
  document.identified_type = record.identified_type;
  const HttpStage http{HttpOptions{}};
  Verdict verdict = http.process(document);
  if (verdict.kind == Verdict::Kind::kSkip) {  // no page
    document.payload = record.block;
    verdict = http.read_body(document, document.html);
  }
  if (!verdict.kept())
    throw Error(fmt::format("{} at {}: {} {}", flags.file, flags.place, verdict.reason.view(), verdict.detail));
  put_text(document.html);
}

}  // namespace

void add_warc_command(CLI::App& app) {
  CLI::App* const warc = app.add_subcommand("warc", "Inspect WARC and ARC files: list, count, cat");
  warc->require_subcommand(1);
  warc->footer(
      "Examples:\n"
      "  ftok warc count *.warc.gz\n"
      "  ftok warc list crawl.warc.gz | grep response\n"
      "  ftok warc cat crawl.warc.gz 18857 --payload");
  const auto flags = std::make_shared<WarcFlags>();

  CLI::App* const list = warc->add_subcommand("list", "List one line per record: offset, type, length, URL, damage");
  list->add_option("FILE", flags->files, "WARC or ARC files, plain, gzip or zstd; - is standard input")->required();
  list->add_flag("--json", flags->json, "Print one JSON object per line");
  list->callback(
      [flags] { for_each_file(flags->files, [&](const std::string& file) { list_file(file, flags->json); }); });

  CLI::App* const count = warc->add_subcommand("count", "Count the records of each file by type, and its damage");
  count->add_option("FILE", flags->files, "WARC or ARC files, plain, gzip or zstd; - is standard input")->required();
  count->add_flag("--json", flags->json, "Print one JSON object per file");
  count->callback(
      [flags] { for_each_file(flags->files, [&](const std::string& file) { count_file(file, flags->json); }); });

  CLI::App* const cat = warc->add_subcommand("cat", "Write one record as it is stored, or its body");
  cat->add_option("FILE", flags->file, "WARC or ARC file")->required();
  cat->add_option("OFFSET", flags->place, "Offset of the record, as `list` prints it")->required();
  cat->add_flag("--payload", flags->payload, "Only the body: chunks and Content-Encoding undone, a page in UTF-8");
  cat->callback([flags] { cat_record(*flags); });
}

}  // namespace ftok::cli
