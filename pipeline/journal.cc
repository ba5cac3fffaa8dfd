#include "pipeline/journal.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"
#include "core/json.h"
#include "shards/json_fields.h"
#include "shards/manifest.h"

namespace ftok {
namespace {

constexpr std::string_view kFormat = "ftok-journal";
constexpr uint64_t kVersion = 1;
constexpr size_t kLineHeadBytes = kChecksumDigits + 1;  // the checksum and a space

void append_line(std::string& out, const std::string& json, const std::string& path) {
  if (json.size() > kJournalRecordBytesMax) {
    throw Error(fmt::format("{}: a record of {} bytes, at most {} are allowed: {}...", path, json.size(),
                            kJournalRecordBytesMax, json.substr(0, 200)));
  }
  out += checksum_of(json);
  out += ' ';
  out += json;
  out += '\n';
}

// The JSON of a line without its line feed; empty when the line is not a whole record.
std::string_view record_of(std::string_view line) {
  if (line.size() <= kLineHeadBytes || line[kChecksumDigits] != ' ') return {};
  const std::string_view json = line.substr(kLineHeadBytes);
  if (json.size() > kJournalRecordBytesMax || checksum_of(json) != line.substr(0, kChecksumDigits)) return {};
  return json;
}

std::string header_record(const std::string& binding) {
  JsonWriter json;
  json.begin_object().field("format", kFormat).field("version", kVersion).field("binding", binding).end_object();
  return json.take();
}

std::string part_record(uint64_t number, const CommittedPart& part) {
  JsonWriter json;
  json.begin_object().field("part", number).field("judged", part.judged).field("kept", part.kept);
  json.key("receipt").raw(write_file_entry(part.receipt)).key("report").raw(part.report).end_object();
  return json.take();
}

std::string shard_record(const ShardEntry& shard) { return fmt::format("{{\"shard\":{}}}", write_shard_entry(shard)); }

std::string checkpoint_record(uint64_t parts_in_shards, const std::string& position) {
  JsonWriter json;
  json.begin_object().field("checkpoint", parts_in_shards);
  if (!position.empty()) json.key("position").raw(position);
  json.end_object();
  return json.take();
}

// Records in their order -> what they come to.
class Replay {
 public:
  explicit Replay(const std::string& binding) : binding_(binding) {}

  // Throws JsonFields::Missing when the record does not fit what came before.
  void record(std::string_view json) {
    const JsonFields fields(json);
    if (records_++ == 0) {
      fields.expect("format", kFormat);
      fields.expect("version", kVersion);
      fields.expect("binding", binding_);
    } else if (fields.has("part")) {
      fields.expect("part", state_.parts.size());
      state_.parts.push_back({fields.number("judged"), fields.number("kept"), read_file_entry(fields.object("receipt")),
                              std::string(fields.raw("report"))});
    } else if (fields.has("shard")) {
      pending_.push_back(read_shard_entry(fields.object("shard")));
    } else {
      checkpoint(fields.number("checkpoint"));
      state_.position = fields.has("position") ? fields.raw("position") : "";
    }
  }

  RunState take() {
    for (const auto& of_split : shards_) {
      state_.shards.insert(state_.shards.end(), of_split.begin(), of_split.end());
    }
    return std::move(state_);
  }

 private:
  void checkpoint(uint64_t parts_in_shards) {
    if (parts_in_shards < state_.parts_in_shards || parts_in_shards > state_.parts.size()) {
      throw JsonFields::Missing(fmt::format("a checkpoint at part {} of {}", parts_in_shards, state_.parts.size()));
    }
    for (ShardEntry& shard : pending_) {
      auto& of_split = shards_[static_cast<size_t>(shard.split)];
      if (shard.index + 1 == of_split.size()) of_split.pop_back();  // the short last one, longer now
      if (shard.index != of_split.size()) throw JsonFields::Missing(fmt::format("shard {} out of turn", shard.index));
      of_split.push_back(std::move(shard));
    }
    pending_.clear();
    state_.parts_in_shards = parts_in_shards;
  }

  const std::string& binding_;
  uint64_t records_ = 0;
  RunState state_;
  std::vector<ShardEntry> shards_[2];  // by Split
  std::vector<ShardEntry> pending_;    // since the last checkpoint
};

}  // namespace

RunState read_journal(const std::string& path, const std::string& binding) {
  const MappedFile file(path);
  const std::string_view bytes = file.bytes();
  const auto damaged = [&](size_t at, const std::string& what) {
    throw Error(fmt::format("{} is damaged at byte {}: {}", path, at, what));
  };
  Replay replay(binding);
  constexpr size_t kNowhere = SIZE_MAX;
  size_t torn_at = kNowhere;
  for (size_t at = 0; at < bytes.size();) {
    const size_t end = std::min(bytes.find('\n', at), bytes.size());
    const std::string_view json = end == bytes.size() ? std::string_view() : record_of(bytes.substr(at, end - at));
    if (json.empty()) {
      torn_at = std::min(torn_at, at);
    } else if (torn_at != kNowhere) {
      damaged(torn_at, "it is not a record, and there are records after it");
    } else {
      try {
        replay.record(json);
      } catch (const JsonFields::Missing& missing) {
        damaged(at, missing.what());
      }
    }
    at = end + 1;
  }
  if (bytes.empty() || torn_at == 0) damaged(0, "it does not begin with a record");
  return replay.take();
}

Journal::Journal(const std::string& path, const std::string& binding, const RunState& state) : path_(path) {
  AtomicFile file(path);
  const auto write = [&](const std::string& json) {
    std::string line;
    append_line(line, json, path);
    file.write(line);
  };
  write(header_record(binding));
  for (size_t number = 0; number < state.parts.size(); ++number) write(part_record(number, state.parts[number]));
  for (const ShardEntry& shard : state.shards) write(shard_record(shard));
  write(checkpoint_record(state.parts_in_shards, state.position));
  file.commit();
  file_ = std::make_unique<AppendFile>(path);
}

void Journal::add_part(uint64_t number, const CommittedPart& part) {
  std::string line;
  append_line(line, part_record(number, part), path_);
  file_->append(line);
}

void Journal::add_part_with_checkpoint(uint64_t number, const CommittedPart& part) {
  append_line(unwritten_, part_record(number, part), path_);
}

void Journal::add_checkpoint(const std::vector<ShardEntry>& shards, uint64_t parts_in_shards,
                             const std::string& position) {
  std::string lines = std::move(unwritten_);
  unwritten_.clear();
  for (const ShardEntry& shard : shards) append_line(lines, shard_record(shard), path_);
  append_line(lines, checkpoint_record(parts_in_shards, position), path_);
  file_->append(lines);
}

}  // namespace ftok
