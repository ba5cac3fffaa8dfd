// BPE over characters: a tokenizer.json of SentencePiece's kind (compare_pieces.py has many, beside Hugging Face's).
#include <gtest/gtest.h>

#include "core/error.h"
#include "core/json.h"
#include "tokenizer/chat.h"
#include "tokenizer/encoding.h"
#include "tokenizer/json_decoder.h"
#include "tokenizer/piece_form.h"

namespace ftok {
namespace {

const std::string kNormalizer = R"({"type":"Sequence","normalizers":[{"type":"Prepend","prepend":"▁"},
  {"type":"Replace","pattern":{"String":" "},"content":"▁"}]})";
const std::string kDecoder =
    R"({"type":"Sequence","decoders":[{"type":"Replace","pattern":{"String":"▁"},"content":" "},
  {"type":"ByteFallback"},{"type":"Fuse"},{"type":"Strip","content":" ","start":1,"stop":0}]})";

struct PieceFile {
  std::string normalizer = kNormalizer, pre_tokenizer = "null", decoder = kDecoder;
  std::string model = R"("unk_token":"<unk>","fuse_unk":true,"byte_fallback":true,"ignore_merges":false)";
  std::string merges = R"(["▁ a", "a a", "▁a b", "a b"])";
  bool bytes = true;

  std::string text() const {
    std::string vocab = R"("<unk>":0,"<s>":1,"</s>":2)";
    int id = 3;
    const auto add = [&](const std::string& token) { vocab += ",\"" + token + "\":" + std::to_string(id++); };
    for (const char* const token : {"▁", "a", "b", "▁a", "aa", "▁ab", "ab"}) add(token);  // 3 to 9
    constexpr char kHex[] = "0123456789ABCDEF";
    for (int b = 0; bytes && b < 256; ++b) add(std::string("<0x") + kHex[b / 16] + kHex[b % 16] + ">");
    std::string added;
    for (const char* const token :
         {R"("id":0,"content":"<unk>")", R"("id":1,"content":"<s>")", R"("id":2,"content":"</s>")"})
      added += (added.empty() ? "{" : ",{") + std::string(token) + R"(,"special":true,"normalized":false})";
    return R"({"added_tokens":[)" + added + R"(],"normalizer":)" + normalizer + R"(,"pre_tokenizer":)" + pre_tokenizer +
           R"(,"decoder":)" + decoder + R"(,"model":{"type":"BPE",)" + model + R"(,"vocab":{)" + vocab +
           R"(},"merges":)" + merges + "}}";
  }
  Encoding load() const { return Encoding(parse_tokenizer_json(text(), "made.json")); }
};

using Ids = std::vector<uint32_t>;

constexpr uint32_t kByte0 = 10;

TEST(Pieces, MergesByRankFromTheLeft) {
  const Encoding encoding = PieceFile().load();
  EXPECT_EQ(encoding.encode_ordinary("ab"), (Ids{8}));          // ▁ a first, then ▁a b
  EXPECT_EQ(encoding.encode_ordinary("b ab"), (Ids{3, 5, 8}));  // ▁ b ▁ab
  EXPECT_EQ(encoding.encode_ordinary("aaa"), (Ids{6, 7}));      // ▁a aa
  EXPECT_EQ(encoding.encode_ordinary("baaa"), (Ids{3, 5, 7, 4}));
  EXPECT_EQ(encoding.encode_ordinary(""), Ids{});
  EXPECT_EQ(encoding.encode_ordinary(" "), (Ids{3, 3}));
  EXPECT_EQ(encoding.encode_ordinary("▁"), (Ids{3, 3}));
}

TEST(Pieces, BytesForWhatHasNoToken) {
  const Encoding encoding = PieceFile().load();
  EXPECT_EQ(encoding.encode_ordinary("aé"), (Ids{6, kByte0 + 0xC3, kByte0 + 0xA9}));
  EXPECT_EQ(encoding.encode_ordinary("a\xFF"), (Ids{6, kByte0 + 0xFF}));  // not UTF-8: kept
  for (const std::string text : {"ab aé", "  a", "<0x41>", "a\xFF\n"})
    EXPECT_EQ(encoding.decode(encoding.encode_ordinary(text)), text);
  EXPECT_EQ(encoding.decode(Ids{6, 5}), "ab");  // without the space in front
  EXPECT_EQ(encoding.decode(Ids{1, 6}), "<s> a");
  EXPECT_EQ(encoding.id_of("A"), std::nullopt);  // no text becomes the token of byte 0x41 but for want of another
  EXPECT_EQ(encoding.id_of(" a"), 6u);
}

TEST(Pieces, UnknownTokens) {
  PieceFile file;
  file.bytes = false;
  EXPECT_EQ(file.load().encode_ordinary("aéüb"), (Ids{6, 0, 5}));
  file.model = R"("unk_token":"<unk>","fuse_unk":false)";
  EXPECT_EQ(file.load().encode_ordinary("aéüb"), (Ids{6, 0, 0, 5}));
  file.model = R"("unk_token":null)";
  EXPECT_EQ(file.load().encode_ordinary("aéüb"), (Ids{8}));
}

TEST(Pieces, SpacesInFront) {
  PieceFile file;
  EXPECT_EQ(file.load().encode("a<s>a", Specials::kAllow), (Ids{6, 1, 6}));
  EXPECT_EQ(file.load().encode("<s> a", Specials::kAllow), (Ids{1, 3, 6}));
  file.normalizer = "null";
  const auto with = [&](const std::string& scheme, const std::string& split) {
    file.pre_tokenizer =
        R"({"type":"Metaspace","replacement":"▁","prepend_scheme":")" + scheme + R"(","split":)" + split + "}";
    return file.load();
  };
  EXPECT_EQ(with("always", "false").encode("a<s>a<s> a", Specials::kAllow), (Ids{6, 1, 6, 1, 6}));
  EXPECT_EQ(with("first", "false").encode("a<s>a", Specials::kAllow), (Ids{6, 1, 4}));
  EXPECT_EQ(with("never", "false").encode("a<s>a", Specials::kAllow), (Ids{4, 1, 4}));
  file.merges = R"(["a ▁", "▁ a"])";
  EXPECT_THROW(file.load(), Error);  // no token a▁
  EXPECT_THROW(with("sometimes", "true"), Error);
}

// Gemma's: its normalizer leaves no space to split at.
TEST(Pieces, ASplitAtSpacesThatAreGone) {
  PieceFile file;
  file.normalizer = R"({"type":"Replace","pattern":{"String":" "},"content":"▁"})";
  const Ids plain = file.load().encode_ordinary("b ab  a");
  const std::string split = R"({"type":"Split","pattern":{"String":" "},"behavior":"MergedWithPrevious","invert":)";
  file.pre_tokenizer = split + "false}";
  EXPECT_EQ(file.load().encode_ordinary("b ab  a"), plain);
  file.pre_tokenizer = split + "true}";
  EXPECT_THROW(file.load(), Error);
  file.pre_tokenizer = R"({"type":"Split","pattern":{"String":"a"},"behavior":"MergedWithPrevious","invert":false})";
  EXPECT_THROW(file.load(), Error);
}

TEST(Pieces, CountsSpansAndPrefixes) {
  const Encoding encoding = PieceFile().load();
  EXPECT_EQ(encoding.count("b ab"), 3u);
  const EncodedPrefix prefix = encoding.encode_prefix("b ab", 2);
  EXPECT_EQ(prefix.ids, (Ids{3, 5}));
  EXPECT_EQ(prefix.bytes, 2u);  // of " b ab"
  EXPECT_FALSE(prefix.whole);
  EXPECT_TRUE(encoding.encode_prefix("b ab", 3).whole);
  EXPECT_EQ(encoding.normalized("b▁ab"), " b ab");
  EXPECT_EQ(encoding.encode_spans("b ab", Specials::kPlain).back().begin, 2u);
}

// A run of one letter, whose merges reach everywhere: work that grew with its square would take hours.
TEST(Pieces, LongTextsWithoutSpaces) {
  const Encoding encoding = PieceFile().load();
  const std::string text(1 << 20, 'a');
  EXPECT_EQ(encoding.count(text), (text.size() - 1) / 2 + 2);  // ▁a, then pairs, and one that is left
}

TEST(Pieces, WhatIsNotReadIsNamed) {
  const auto message = [](const PieceFile& file) {
    try {
      file.load();
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  PieceFile file;
  file.model = R"("ignore_merges":true)";
  EXPECT_NE(message(file).find("ignore_merges"), std::string::npos);
  file = {};
  file.pre_tokenizer = R"({"type":"ByteLevel"})";
  EXPECT_NE(message(file).find("pre-tokenizer"), std::string::npos);
  file = {};
  file.decoder = R"({"type":"WordPiece"})";
  EXPECT_NE(message(file).find("WordPiece"), std::string::npos);
  file = {};
  file.model = R"("unk_token":"<none>")";
  EXPECT_NE(message(file).find("<none>"), std::string::npos);
  file = {};
  file.merges = R"(["b b"])";
  EXPECT_NE(message(file).find("merge 0"), std::string::npos);
}

TEST(Pieces, IsWrittenAsItWasRead) {
  const PieceFile file;
  const Vocabulary vocabulary = parse_tokenizer_json(file.text(), "made.json");
  EXPECT_EQ(format_tokenizer_json(vocabulary), file.text());
  EXPECT_FALSE(with_implied_merges(vocabulary).has_value());
  EXPECT_THROW(format_gpt2(vocabulary), Error);
  EXPECT_THROW(spell_vocabulary(vocabulary), Error);
}

// As Llama 2 and Mistral write an exchange.
TEST(Pieces, InAConversation) {
  const Encoding encoding = PieceFile().load();
  ChatTemplate form;
  form.begin = "<s>";
  form.message = "a{content}b";
  form.roles["assistant"] = "{content}</s>";
  const EncodedChat chat = encode_chat(encoding, form, {{"user", " a "}, {"assistant", "ab"}});
  Ids ids, in_loss;
  for (const ViewToken& token : chat.tokens) ids.push_back(token.id), in_loss.push_back(token.in_loss ? 1 : 0);
  EXPECT_EQ(ids, encoding.encode("<s>a a bab</s>", Specials::kAllow));
  EXPECT_EQ(ids, (Ids{1, 6, 6, 3, 5, 9, 2}));
  EXPECT_EQ(in_loss, (Ids{0, 0, 0, 0, 0, 1, 1}));
}

TEST(Pieces, EscapesTextWithoutTheSpacesThatTheDecoderTakesOff) {
  const Encoding encoding = PieceFile().load();
  const JsonDecoder decoder(encoding);
  for (const char* const text : {"", "a b", " a", "  ", "   b", "é\n\"", "\xFF a"}) {
    const std::vector<uint32_t> ids = encoding.encode_ordinary(text);
    std::string slow, fast;
    append_json_string(slow, encoding.decode(ids));
    decoder.append(ids, fast);
    EXPECT_EQ(fast, slow);
  }
}

}  // namespace
}  // namespace ftok
