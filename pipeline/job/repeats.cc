#include "pipeline/job/repeats.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "core/error.h"
#include "pipeline/job/earlier_keys.h"
#include "shards/bytes.h"

namespace ftok {

RepeatRecord pack(const Repeat& repeat) {
  const uint32_t shared = repeat.alike == Alike::kCluster ? 0 : repeat.shared;  // its size stands elsewhere
  return {repeat.document << 2 | static_cast<uint64_t>(repeat.alike), place_of(repeat.first, shared)};
}

Repeat unpack(const RepeatRecord& record) {
  return {record.document >> 2, document_of(record.first), static_cast<uint32_t>(slot_of(record.first)),
          static_cast<Alike>(record.document & 3)};
}

void append_answer(std::string& out, const RepeatRecord& record, uint64_t check, uint64_t rank, std::string_view id,
                   std::span<const uint64_t> signature) {
  append_little_endian(out, record.document);
  append_little_endian(out, record.first);
  append_little_endian(out, check);
  append_little_endian(out, rank);
  append_little_endian(out, static_cast<uint32_t>(id.size()));
  out += id;
  for (const uint64_t word : signature) append_little_endian(out, word);
}

std::vector<Answer> read_answers(std::string_view slice, size_t signature_words, const std::string& name) {
  constexpr size_t kHeadBytes = 8 + 8 + 8 + 8 + 4;
  std::vector<Answer> answers;
  while (!slice.empty()) {
    if (slice.size() < kHeadBytes) throw Error(name + " is damaged: an answer is cut short");
    Answer& answer = answers.emplace_back();
    answer.repeat = unpack({load_little_endian<uint64_t>(slice, 0), load_little_endian<uint64_t>(slice, 8)});
    answer.check = load_little_endian<uint64_t>(slice, 16);
    answer.repeat.rank = load_little_endian<uint64_t>(slice, 24);
    const size_t id_bytes = load_little_endian<uint32_t>(slice, 32);
    slice.remove_prefix(kHeadBytes);
    if (slice.size() < id_bytes + signature_words * 8) throw Error(name + " is damaged: an answer is cut short");
    answer.id = slice.substr(0, id_bytes);
    answer.signature.resize(signature_words);
    for (size_t i = 0; i < signature_words; ++i) {
      answer.signature[i] = load_little_endian<uint64_t>(slice, id_bytes + i * 8);
    }
    slice.remove_prefix(id_bytes + signature_words * 8);
  }
  return answers;
}

std::string answers_name(uint64_t task) { return fmt::format("work/{:06}.answers", task); }

uint64_t task_of(const Extracted& extracted, uint64_t document) {
  const std::vector<uint64_t>& ends = document < extracted.earlier() ? extracted.earlier_ends : extracted.ends;
  return static_cast<uint64_t>(std::upper_bound(ends.begin(), ends.end(), document) - ends.begin());
}

size_t edge_slices(const TaskContext& context, const Extracted& extracted) {
  return extracted.ends.size() + (context.plan.dedup.joins() ? 1 : 0);
}

void check_about(const SlicedFile& repeats, const Extracted& extracted, uint64_t task, const std::string& name) {
  const uint64_t documents = extracted.ends[task] - extracted.begin(task);
  if (repeats.about() == file_of(extracted.receipts[task], keys_name(task)).checksum && repeats.rows() == documents) {
    return;
  }
  throw Error(fmt::format("{} is about another part than {}", name, keys_name(task)));
}

KeyLookup::KeyLookup(const TaskContext& context, const Extracted& extracted)
    : layout_(context.plan.key_layout), earlier_(extracted.earlier()) {
  const uint64_t task = context.task();
  const EarlierDocuments& earlier = context.earlier();
  const TaskShare share = earlier_share(context);
  for (size_t file = share.begin; file < share.end; ++file) {
    uint64_t begin = earlier.begin(file);
    for (std::unique_ptr<PartKeys>& part : open_earlier(context, earlier.parts[file])) {
      const uint64_t documents = part->size();
      add(std::move(part), begin);
      begin += documents;
    }
  }
  FileStretch stretch;
  uint64_t document = extracted.begin(task);
  for (const PackedPart& part : packed_parts(context.job, extracted.receipts[task], extracted_inputs_name(task))) {
    stretch.bytes = part.bytes.at("keys");
    const std::string path = context.job.file(keys_name(task));
    add(std::make_unique<PartKeys>(path, PartKeys::Check::kChecksum, stretch), document);
    if (parts_.back()->size() != part.judged) throw Error(path + " is damaged: it has another number of documents");
    stretch.begin += stretch.bytes;
    document += part.judged;
  }
}

void KeyLookup::add(std::unique_ptr<PartKeys> part, uint64_t begin) {
  parts_.push_back(std::move(part));
  begins_.push_back(begin);
}

KeyLookup::Row KeyLookup::row(uint64_t document) const {
  const auto after = std::upper_bound(begins_.begin(), begins_.end(), document);
  const size_t part = static_cast<size_t>(after - begins_.begin()) - 1;
  Row found;
  found.id = parts_.at(part)->id_and_keys(document - begins_[part], keys_);
  if (keys_.size() != layout_.keys()) throw Error("a part has another number of keys per document than the recipe");
  const KeyParts parts = layout_.parts_of(std::span<const uint64_t>(keys_));
  found.check = parts.check;
  found.rank = document < earlier_ ? 0 : layout_.rank_of(keys_);
  found.signature = parts.signature;
  return found;
}

}  // namespace ftok
