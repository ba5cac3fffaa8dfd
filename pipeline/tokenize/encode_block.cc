#include "pipeline/tokenize/encode_block.h"

#include <fmt/format.h>
#include <xxhash.h>

#include "pipeline/tokenize/conversation.h"
#include "text/unicode.h"

namespace ftok {
namespace {

class BlockEncoder {
 public:
  BlockEncoder(const Block& block, const EncodeBlockOptions& options) : options_(options) {
    size_t bytes = block.text.size();
    for (const Item& item : block.items) bytes += item.document.text.size();
    encoded_.tokens.reserve(bytes / 3);  // most texts have four bytes per token or more
    encoded_.rows.reserve(block.lines.size() + block.items.size());
  }

  // A conversation has messages.
  void add(Document& document, Verdict& verdict, bool has_id, const std::vector<ChatMessage>* messages = nullptr) {
    if (verdict.kept() && document.text.empty() && !document.payload.empty()) verdict = Verdict::skip("not_text");
    if (verdict.kept() && messages == nullptr && is_empty_text(document.text)) verdict = Verdict::drop("text.empty");
    encoded_.tally.count(verdict);
    encoded_.tally.replacements += document.replacements;
    if (!verdict.kept()) {
      if (verdict.kind == Verdict::Kind::kDrop && encoded_.bad.size() < EncodedBlock::kBadMax) {
        encoded_.bad.push_back({document.offset, std::move(verdict), document.id});
      }
      return;
    }
    const std::string_view text = document.text;
    EncodedBlock::Row row;
    if (options_.shuffle) {
      row.key = shuffle_key(text, *options_.shuffle);
      if (!has_id) {
        const XXH128_hash_t name = XXH3_128bits(text.data(), text.size());
        document.id = fmt::format("xxh128:{:016x}{:016x}", name.high64, name.low64);
      }
    }
    const size_t before = encoded_.tokens.size();
    if (messages != nullptr) {
      for (const ViewToken& token : encode_chat(*options_.encoding, *options_.chat, *messages).tokens) {
        encoded_.tokens.push_back(token.in_loss ? token.id : token.id | EncodedBlock::kOutOfLoss);
      }
    } else {
      options_.encoding->encode_ordinary(text, encoded_.tokens);
    }
    encoded_.ids += document.id;
    row.id_end = encoded_.ids.size();
    row.token_end = encoded_.tokens.size();
    encoded_.rows.push_back(row);
    encoded_.tally.tokens += encoded_.tokens.size() - before;
    encoded_.tally.text_bytes += text.size();
    encoded_.tally.specials_as_text += options_.encoding->count_specials(text);
  }

  EncodedBlock take() { return std::move(encoded_); }

 private:
  const EncodeBlockOptions& options_;
  EncodedBlock encoded_;
};

void add_conversations(Block& block, const EncodeBlockOptions& options, BlockEncoder& encoder) {
  ConversationParser parser(options.text_key, options.id_key);
  std::vector<ChatMessage> messages;
  for (Block::Line& line : block.lines) {
    Document document;
    document.offset = line.offset;
    bool has_id = false;
    Verdict verdict = std::move(line.verdict);
    if (verdict.kept())
      verdict = parser.parse(std::string_view(block.text).substr(line.begin, line.size), document, messages, has_id);
    if (!has_id) document.id = fmt::format("{}:{}", options.name, line.number);
    encoder.add(document, verdict, has_id, &messages);
  }
}

}  // namespace

EncodedBlock encode_block(Block& block, const EncodeBlockOptions& options) {
  BlockEncoder encoder(block, options);
  if (options.chat != nullptr) {
    add_conversations(block, options, encoder);
  } else if (!block.lines.empty()) {
    JsonDocumentParser parser(options.text_key, options.id_key);
    for (Block::Line& line : block.lines) {
      Document document;
      document.offset = line.offset;
      bool has_id = false;
      Verdict verdict = std::move(line.verdict);
      if (verdict.kept())
        verdict = parser.parse(std::string_view(block.text).substr(line.begin, line.size), document, has_id);
      if (!has_id) document.id = fmt::format("{}:{}", options.name, line.number);
      encoder.add(document, verdict, has_id);
    }
  }
  // A whole text has the input's name for an id, which is none of its own.
  for (Item& item : block.items) encoder.add(item.document, item.verdict, item.document.id != options.name);
  return encoder.take();
}

}  // namespace ftok
