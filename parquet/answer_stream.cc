#include "parquet/answer_stream.h"

#include <arrow/buffer.h>
#include <arrow/ipc/message.h>
#include <arrow/ipc/options.h>
#include <arrow/ipc/reader.h>
#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <stdexcept>
#include <vector>

#include "parquet/answer_rows.h"
#include "parquet/one_line.h"

namespace ftok {
namespace {

using arrow::ipc::MessageType;

constexpr size_t kHeadBytes = 8;  // FF FF FF FF and the length of the metadata (Columnar.rst, "Encapsulated message")
constexpr uint64_t kMetadataBytesMax = uint64_t{1} << 20;
constexpr int kDictionariesMax = 16;  // in a stream, each of at most so large a part of an answer

[[noreturn]] void fail(const std::string& what) { throw std::runtime_error(what); }

void check(const arrow::Status& status) {
  if (!status.ok()) fail("not what Arrow's streams hold: " + one_line(status.message(), kProblemBytesMax));
}

// One message of a stream: where it begins in the answer, and how long it is.
struct Piece {
  std::optional<MessageType> type;  // none: the end of a stream
  size_t begin = 0;
  uint64_t size = 0;
};

// The message at `begin`, whose body may not be there yet; nothing where its metadata is not.
std::optional<Piece> piece_at(std::string_view written, size_t begin, uint64_t bytes_max) {
  const std::string_view rest = written.substr(begin);
  if (rest.substr(0, 4) != std::string_view("\xFF\xFF\xFF\xFF").substr(0, rest.size())) {
    fail(fmt::format("not a stream of Arrow's record batches: {:?}",
                     one_line(std::string(rest), std::min<size_t>(rest.size(), 40))));
  }
  if (rest.size() < kHeadBytes) return std::nullopt;
  uint32_t metadata = 0;
  std::memcpy(&metadata, rest.data() + 4, sizeof metadata);
  if (metadata == 0) return Piece{std::nullopt, begin, kHeadBytes};
  if (metadata > std::min(kMetadataBytesMax, bytes_max))
    fail(fmt::format("a message whose metadata claim to have {} bytes", metadata));
  if (rest.size() < kHeadBytes + metadata) return std::nullopt;
  // A copy, since what is read in place has to lie at a multiple of eight.
  auto message =
      arrow::ipc::Message::Open(arrow::Buffer::FromString(std::string(rest.substr(kHeadBytes, metadata))), nullptr);
  check(message.status());
  const int64_t body = (*message)->body_length();
  if (body < 0 || static_cast<uint64_t>(body) > bytes_max)
    fail(
        fmt::format("a message that claims to have {} bytes; at most {} are read (answer_bytes_max)", body, bytes_max));
  return Piece{(*message)->type(), begin, kHeadBytes + metadata + static_cast<uint64_t>(body)};
}

int dictionaries_of(const arrow::DataType& type) {
  int count = type.id() == arrow::Type::DICTIONARY ? 1 : 0;
  if (count == 1) return 1 + dictionaries_of(*static_cast<const arrow::DictionaryType&>(type).value_type());
  for (const auto& field : type.fields()) count += dictionaries_of(*field->type());
  return count;
}

// Takes the batches that a StreamDecoder finds.
class BatchListener : public arrow::ipc::Listener {
 public:
  arrow::Status OnRecordBatchDecoded(std::shared_ptr<arrow::RecordBatch> found) override {
    batch = std::move(found);
    return arrow::Status::OK();
  }

  std::shared_ptr<arrow::RecordBatch> batch;
};

class AnswerStream : public ArrowAnswers {
 public:
  explicit AnswerStream(uint64_t bytes_max)
      : bytes_max_(bytes_max),
        pool_(std::make_shared<arrow::CappedMemoryPool>(arrow::default_memory_pool(), static_cast<int64_t>(bytes_max))),
        listener_(std::make_shared<BatchListener>()) {}

  size_t whole(std::string_view written) override {
    while (pieces_.empty() || pieces_.back().type != MessageType::RECORD_BATCH) {
      if (written.size() < looked_at_) return 0;
      const std::optional<Piece> piece = piece_at(written, looked_at_, bytes_max_);
      if (!piece) return 0;
      check_order(*piece);
      pieces_.push_back(*piece);
      looked_at_ += static_cast<size_t>(piece->size);
    }
    return written.size() >= looked_at_ ? looked_at_ : 0;
  }

  bool precedes(std::string_view written) const override {
    for (size_t begin = 0; begin < written.size();) {
      const std::optional<Piece> piece = piece_at(written, begin, bytes_max_);
      if (!piece) return true;
      if (piece->type.has_value() && piece->type != MessageType::SCHEMA) return false;
      begin += static_cast<size_t>(std::min<uint64_t>(piece->size, written.size() - begin));
    }
    return true;
  }

  std::unique_ptr<ArrowRows> take(std::string answer) override {
    const std::vector<Piece> pieces = std::exchange(pieces_, {});
    looked_at_ = 0;
    // What is read in place keeps the answer alive; dictionaries, which stay, get bytes of their own.
    const std::shared_ptr<arrow::Buffer> bytes = arrow::Buffer::FromString(std::move(answer));
    for (const Piece& piece : pieces) {
      if (!piece.type) {
        decoder_.reset();
      } else if (piece.type == MessageType::DICTIONARY_BATCH) {
        decode(arrow::Buffer::FromString(slice_of(*bytes, piece).ToString()));
      } else {
        decode(arrow::SliceBuffer(bytes, static_cast<int64_t>(piece.begin), static_cast<int64_t>(piece.size)));
      }
    }
    const std::shared_ptr<arrow::RecordBatch> batch = std::exchange(listener_->batch, nullptr);
    if (batch == nullptr) fail("not what Arrow's streams hold: no record batch");
    if (decoder_->stats().num_dictionary_deltas > 0)
      fail("a dictionary that adds to an earlier one, which is not read: whole ones take their place");
    check(batch->ValidateFull());
    return make_arrow_rows(batch, pool_, bytes_max_);
  }

 private:
  static arrow::Buffer slice_of(const arrow::Buffer& bytes, const Piece& piece) {
    return {bytes.data() + piece.begin, static_cast<int64_t>(piece.size)};
  }

  // A stream is a schema, then dictionaries and batches.
  void check_order(const Piece& piece) {
    if (!piece.type) {
      has_schema_ = false;
    } else if (piece.type == MessageType::SCHEMA) {
      if (has_schema_) fail("a second schema in one stream");
      has_schema_ = true;
    } else if (!has_schema_) {
      fail("a stream that does not begin with a schema");
    } else if (piece.type == MessageType::DICTIONARY_BATCH) {
      if (piece.size > bytes_max_ / kDictionariesMax) {
        fail(fmt::format("a dictionary of {} bytes; at most {} are read (a sixteenth of answer_bytes_max)", piece.size,
                         bytes_max_ / kDictionariesMax));
      }
    } else if (piece.type != MessageType::RECORD_BATCH) {
      fail("a message that is neither a schema, a dictionary nor a record batch");
    }
    if (pieces_.size() > 4 * static_cast<size_t>(kDictionariesMax)) fail("an answer of too many messages");
  }

  void decode(std::shared_ptr<arrow::Buffer> message) {
    const bool is_first = decoder_ == nullptr;
    if (is_first) {
      arrow::ipc::IpcReadOptions options;
      options.memory_pool = pool_.get();
      options.use_threads = false;
      options.ensure_alignment = arrow::ipc::Alignment::kDataTypeSpecificAlignment;
      decoder_ = std::make_unique<arrow::ipc::StreamDecoder>(listener_, options);
    }
    const arrow::Status status = decoder_->Consume(std::move(message));
    if (status.IsOutOfMemory())
      fail(fmt::format("answers of more than {} bytes once unpacked (answer_bytes_max)", bytes_max_));
    check(status);
    if (!is_first) return;
    int dictionaries = 0;
    for (const auto& field : decoder_->schema()->fields()) dictionaries += dictionaries_of(*field->type());
    if (dictionaries > kDictionariesMax)
      fail(fmt::format("{} columns with a dictionary; at most {} are read", dictionaries, kDictionariesMax));
  }

  const uint64_t bytes_max_;
  const std::shared_ptr<arrow::CappedMemoryPool> pool_;  // for what is unpacked from compressed buffers
  const std::shared_ptr<BatchListener> listener_;
  std::unique_ptr<arrow::ipc::StreamDecoder> decoder_;  // of the stream that is being read
  bool has_schema_ = false;                             // of the stream that is being looked at
  std::vector<Piece> pieces_;                           // of the answer that is being looked at
  size_t looked_at_ = 0;                                // where the last of them ends
};

}  // namespace

std::unique_ptr<ArrowAnswers> make_arrow_answers(uint64_t bytes_max) {
  return std::make_unique<AnswerStream>(bytes_max);
}

}  // namespace ftok
