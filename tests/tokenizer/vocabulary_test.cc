// Loading vocabularies: what is told from where, round trips, and every kind of damage with its message.
#include "tokenizer/vocabulary.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "core/error.h"
#include "core/file.h"
#include "tests/support/test_data.h"
#include "text/unicode.h"
#include "tokenizer/encode/bpe_merge.h"
#include "tokenizer/encoding.h"

namespace ftok {
namespace {

std::string frozen_path() { return (testing::source_folder() / "tests/data/frozen-1k.tiktoken").string(); }
std::string frozen_ranks() { return read_file(frozen_path()); }
std::string frozen_sidecar() { return read_file(sidecar_path(frozen_path())); }

const VocabularyHints kHints{Pattern::kCl100k, {}};

std::string message_of(const std::string& ranks, const std::string* sidecar = nullptr, VocabularyHints hints = kHints) {
  try {
    parse_tiktoken(ranks, "v.tiktoken", sidecar, hints);
    return "(no error)";
  } catch (const Error& error) {
    return error.what();
  }
}

TEST(Tiktoken, TheSidecarTellsWhatTheRanksDoNot) {
  const Vocabulary v = load_vocabulary(frozen_path());
  EXPECT_EQ(v.name, "frozen-1k");
  EXPECT_EQ(v.pattern, Pattern::kCl100k);
  EXPECT_EQ(v.token_count(), 1000u);
  ASSERT_EQ(v.specials.size(), 4u);
  EXPECT_EQ(v.specials[0].text, "<|endoftext|>");
  EXPECT_EQ(v.specials[0].id, 1000u);
  EXPECT_EQ(format_tiktoken(v), frozen_ranks());
  EXPECT_EQ(format_sidecar(v), frozen_sidecar());
  EXPECT_EQ(v.digest, sha256_hex(frozen_ranks()));
}

TEST(Tiktoken, WithoutSidecarAndUnknownTheCallerMustTell) {
  EXPECT_NE(message_of(frozen_ranks(), nullptr, {}).find("its pattern is unknown"), std::string::npos);
  const Vocabulary v = parse_tiktoken(frozen_ranks(), "v.tiktoken", nullptr, {Pattern::kO200k, {{"<|end|>", 1000}}});
  EXPECT_EQ(v.pattern, Pattern::kO200k);
  EXPECT_EQ(v.specials[0].text, "<|end|>");
}

TEST(Tiktoken, TheNameOfTheFileDoesNotDecide) {
  EXPECT_THROW(parse_tiktoken(frozen_ranks(), "cl100k_base.tiktoken", nullptr), UsageError);
}

TEST(Tiktoken, TheCallerMayNameOneOfThosePublishedWithTheSameRanks) {
  FTOK_NEEDS_TEST_DATA("tokenizer/p50k_base.tiktoken");
  const auto path = [](const char* file) { return (testing::test_data_folder() / "tokenizer" / file).string(); };
  const auto named = [](const char* name) {
    VocabularyHints hints;
    hints.name = name;
    return hints;
  };
  EXPECT_EQ(load_vocabulary(path("p50k_base.tiktoken")).name, "p50k_base");
  const Vocabulary edit = load_vocabulary(path("p50k_base.tiktoken"), named("p50k_edit"));
  EXPECT_EQ(edit.name, "p50k_edit");
  EXPECT_EQ(edit.find_special("<|fim_suffix|>")->id, 50283u);
  const Vocabulary harmony = load_vocabulary(path("o200k_base.tiktoken"), named("o200k_harmony"));
  EXPECT_EQ(harmony.find_special("<|channel|>")->id, 200005u);
  EXPECT_EQ(harmony.find_special("<|reserved_201087|>")->id, 201087u);
  EXPECT_EQ(harmony.specials.size(), 1090u);
  EXPECT_EQ(load_vocabulary(path("qwen2_3.tiktoken"), named("qwen3")).find_special("</think>")->id, 151668u);
  EXPECT_THROW(load_vocabulary(path("p50k_base.tiktoken"), named("cl100k_base")), UsageError);
}

// Meta's ranks are not to be had without its licence, so only the table is checked; the ids are those of its published
// code.
TEST(Tiktoken, Llama3HasItsSpecialTokens) {
  EXPECT_EQ(names_of_same_ranks("llama3"), (std::vector<std::string_view>{"llama3", "llama3.1"}));
  EXPECT_TRUE(names_of_same_ranks("llama9").empty());
  for (const KnownVocabulary& known : known_vocabularies()) {
    if (known.pattern != Pattern::kLlama3) continue;
    const auto text_of = [&](uint32_t id) { return known.specials[id - 128000].text; };
    ASSERT_EQ(known.specials.size(), 256u);
    for (size_t i = 0; i < 256; ++i) EXPECT_EQ(known.specials[i].id, 128000 + i);
    EXPECT_EQ(text_of(128000), "<|begin_of_text|>");
    EXPECT_EQ(text_of(128009), "<|eot_id|>");
    const bool is_first = known.name == "llama3";
    EXPECT_EQ(text_of(128004), is_first ? "<|reserved_special_token_2|>" : "<|finetune_right_pad_id|>");
    EXPECT_EQ(text_of(128008), is_first ? "<|reserved_special_token_4|>" : "<|eom_id|>");
    EXPECT_EQ(text_of(128011), is_first ? "<|reserved_special_token_6|>" : "<|reserved_special_token_3|>");
    EXPECT_EQ(text_of(128255), is_first ? "<|reserved_special_token_250|>" : "<|reserved_special_token_247|>");
  }
}

TEST(Tiktoken, OtherSpellingsOfTheSameRanksHaveTheSameDigest) {
  std::string reversed, content = frozen_ranks();
  for (size_t end = content.size(); end > 0;) {
    const size_t begin =
        content.rfind('\n', end - 2) == std::string::npos || end < 2 ? 0 : content.rfind('\n', end - 2) + 1;
    reversed += content.substr(begin, end - begin - 1) + "\r\n";
    end = begin;
  }
  const Vocabulary v = parse_tiktoken(reversed, "v.tiktoken", nullptr, kHints);
  EXPECT_EQ(v.digest, load_vocabulary(frozen_path()).digest);
}

TEST(Tiktoken, DamageIsNamedWithFileAndOffset) {
  const std::string good = frozen_ranks();
  EXPECT_EQ(message_of(good.substr(0, 100)).rfind("v.tiktoken: ", 0), 0u);
  EXPECT_EQ(message_of(""), "v.tiktoken: offset 0: no tokens");
  EXPECT_EQ(message_of("!!!! 0\n"), "v.tiktoken: offset 0: not base64");
  EXPECT_EQ(message_of("AA= 0\n"), "v.tiktoken: offset 0: not base64");
  EXPECT_EQ(message_of("AA== 0"), "v.tiktoken: byte 0x01 has no token; a byte-level vocabulary has all 256");
  EXPECT_EQ(message_of("AA==\n"), "v.tiktoken: offset 4: expected a space and the rank after the token");
  EXPECT_EQ(message_of("AA== x\n"), "v.tiktoken: offset 5: no rank after the token");
  EXPECT_EQ(message_of("AA== 0 \n"), "v.tiktoken: offset 6: expected the end of the line after the rank");
  EXPECT_EQ(message_of("AA== 4294967296\n"), "v.tiktoken: offset 5: rank 4294967296 is not below 2097152");
  EXPECT_NE(message_of(good + "AAAA 999\n").find("rank 999 appears twice"), std::string::npos);
  EXPECT_NE(message_of(good + "AA== 1000\n").find("appears twice, as 0 and as 1000"), std::string::npos);
  EXPECT_NE(message_of(good + "AAAAAAAA 1005\n").find("rank 1000 is missing"), std::string::npos);
}

TEST(Tiktoken, CutShortAnywhereIsNeverSilent) {
  const std::string good = frozen_ranks(), sidecar = frozen_sidecar();
  for (size_t size = 0; size < good.size(); size += 97) {
    EXPECT_NE(message_of(good.substr(0, size), &sidecar), "(no error)") << size;
  }
}

TEST(Tiktoken, ASidecarOfOtherRanksIsRefused) {
  std::string sidecar = frozen_sidecar();
  sidecar[sidecar.find("sha256") + 12] ^= 1;
  EXPECT_NE(message_of(frozen_ranks(), &sidecar).find("the SHA-256 of the ranks is"), std::string::npos);
  sidecar = "{\"pattern\": \"nonsense\", \"sha256\": \"\", \"special_tokens\": {}}";
  EXPECT_NE(message_of(frozen_ranks(), &sidecar).find("v.json: unknown pattern \"nonsense\""), std::string::npos);
  sidecar = "not json";
  EXPECT_EQ(message_of(frozen_ranks(), &sidecar), "v.json: not JSON");
}

TEST(Tiktoken, SpecialTokensHaveIdsOfTheirOwn) {
  EXPECT_NE(
      message_of(frozen_ranks(), nullptr, {Pattern::kGpt2, {{"<|x|>", 7}}}).find("has the id 7 of an ordinary token"),
      std::string::npos);
  EXPECT_NE(message_of(frozen_ranks(), nullptr, {Pattern::kGpt2, {{"<|x|>", 1000}, {"<|y|>", 1000}}})
                .find("id 1000 belongs to two special tokens"),
            std::string::npos);
}

TEST(Tiktoken, WritesWhatItReads) {
  const testing::TemporaryFolder folder;
  const Vocabulary v = load_vocabulary(frozen_path());
  write_vocabulary(v, folder / "mine.tiktoken");
  const Vocabulary again = load_vocabulary(folder / "mine.tiktoken");
  EXPECT_EQ(again.digest, v.digest);
  EXPECT_EQ(again.name, "frozen-1k");
  EXPECT_EQ(again.specials.size(), 4u);
}

std::string json_of(const std::string& normalizer, const std::string& pre_tokenizer,
                    const std::string& model_extra = "") {
  std::string vocab, letters;
  int id = 0;
  const auto add = [&](char32_t c) {
    std::string letter;
    append_utf8(letter, c);
    if (letter == "\"" || letter == "\\") letter = "\\" + letter;
    vocab += (id == 0 ? "\"" : ",\"") + letter + "\":" + std::to_string(id);
    ++id;
  };
  for (int b = 0; b < 256; ++b) {
    if ((b >= 33 && b <= 126) || (b >= 161 && b <= 172) || b >= 174) add(static_cast<char32_t>(b));
  }
  for (char32_t c = 0x100; id < 256; ++c) add(c);
  vocab += ",\"ab\":256,\"abc\":257";
  return "{\"normalizer\":" + normalizer + ",\"pre_tokenizer\":" + pre_tokenizer +
         ",\"added_tokens\":[{\"id\":258,\"content\":\"<end>\"}],\"model\":{\"type\":\"BPE\"" + model_extra +
         ",\"vocab\":{" + vocab + "},\"merges\":[\"a b\",[\"ab\",\"c\"]]}}";
}

std::string json_message(const std::string& content) {
  try {
    parse_tokenizer_json(content, "t.json");
    return "(no error)";
  } catch (const Error& error) {
    return error.what();
  }
}

constexpr char kByteLevel[] = R"({"type":"ByteLevel","add_prefix_space":false})";

TEST(TokenizerJson, LoadsByteLevelBpe) {
  const Encoding e(parse_tokenizer_json(json_of("null", kByteLevel), "t.json"));
  EXPECT_EQ(e.vocabulary().pattern, Pattern::kGpt2Original);
  EXPECT_EQ(e.encode_ordinary("abc"), (std::vector<uint32_t>{257}));
  EXPECT_EQ(e.encode("ab<end>", Specials::kAllow), (std::vector<uint32_t>{256, 258}));
  EXPECT_EQ(e.n_vocab(), 259u);
}

// A merge that comes again takes the place of the first, as in Hugging Face tokenizers: a thousand of them are one.
TEST(TokenizerJson, AMergeThatComesAgainCountsOnce) {
  std::string json = json_of("null", kByteLevel);
  std::string again;
  for (int i = 0; i < 3000; ++i) again += "\"a b\",";
  json.insert(json.find("\"a b\""), again);
  const Vocabulary vocabulary = parse_tokenizer_json(json, "t.json");
  const ExplicitPairs pairs = explicit_pairs(vocabulary);
  EXPECT_EQ(vocabulary.merges.size(), 3002u);
  EXPECT_EQ(std::count(pairs.superseded.begin(), pairs.superseded.end(), true), 3000);
  EXPECT_EQ(pairs.count, 2u);
  EXPECT_EQ(Encoding(vocabulary).encode_ordinary("abcab"), (std::vector<uint32_t>{257, 256}));
}

// Tokens of n letters x, each made of every two shorter ones: pairs grow with the fourth power of n.
TEST(TokenizerJson, TokensMadeInTooManyWaysAreRefused) {
  const auto json_with = [](size_t longest) {
    std::string vocab, merges, json = json_of("null", kByteLevel);
    for (size_t n = 2; n <= longest; ++n) {
      vocab += ",\"" + std::string(n, 'x') + "\":" + std::to_string(258 + n - 2);
      for (size_t k = 1; k < n; ++k) merges += ",[\"" + std::string(k, 'x') + "\",\"" + std::string(n - k, 'x') + "\"]";
    }
    json.insert(json.find("},\"merges\""), vocab);
    json.insert(json.rfind("]}"), merges);
    json.replace(json.find("\"id\":258"), 8, "\"id\":" + std::to_string(258 + longest - 1));
    return json;
  };
  EXPECT_EQ(json_message(json_with(30)), "(no error)");
  EXPECT_EQ(json_message(json_with(60)), "t.json: its 1772 merges make their tokens in too many ways (491060 pairs)");
}

TEST(TokenizerJson, ASpecialTokenHasAtMost1024Bytes) {
  for (const size_t size : {1024, 1025}) {
    std::string json = json_of("null", kByteLevel);
    json.replace(json.find("<end>"), 5, std::string(size, 'e'));
    const std::string message = json_message(json);
    EXPECT_EQ(message == "(no error)", size == 1024) << message;
  }
}

TEST(TokenizerJson, NormalisesToNfcWhereAsked) {
  const Encoding e(parse_tokenizer_json(json_of(R"({"type":"NFC"})", kByteLevel), "t.json"));
  EXPECT_EQ(e.encode_ordinary("e\xCC\x81"), e.encode_ordinary("é"));
}

// The file of json_of with other added tokens, and what else stands beside the model.
std::string json_with_added(const std::string& added, const std::string& beside = "", const std::string& extra = "") {
  std::string json = json_of("null", kByteLevel, extra);
  const std::string own = "{\"id\":258,\"content\":\"<end>\"}";
  json.replace(json.find(own), own.size(), added);
  return "{" + beside + json.substr(1);
}

std::string added_token(uint32_t id, const std::string& text, bool special, bool normalized = false) {
  return "{\"id\":" + std::to_string(id) + ",\"content\":\"" + text + "\",\"special\":" + (special ? "true" : "false") +
         ",\"normalized\":" + (normalized ? "true" : "false") + "}";
}

using Ids = std::vector<uint32_t>;

TEST(TokenizerJson, AddedTokensThatAreNotSpecialAreTokensInAnyText) {
  const std::string added = added_token(258, "<end>", true) + "," + added_token(259, "<b>", false);
  const Encoding e(parse_tokenizer_json(json_with_added(added), "t.json"));
  const std::string text = "ab<b><end>";
  EXPECT_EQ(e.encode_ordinary(text), (Ids{256, 259, 27, 68, 77, 67, 29}));  // '<' is the 28th letter
  EXPECT_EQ(e.encode(text, Specials::kAllow), (Ids{256, 259, 258}));
  EXPECT_EQ(e.encode("ab<b>", Specials::kRefuse), (Ids{256, 259}));
  EXPECT_THROW(e.encode(text, Specials::kRefuse), Error);
  EXPECT_EQ(e.count(text), 7u);
  EXPECT_EQ(e.encode_prefix(text, 2).ids, (Ids{256, 259}));
  EXPECT_EQ(e.encode_prefix(text, 2).bytes, 5u);
  EXPECT_EQ(e.encode_batch(std::vector<std::string_view>{text})[0], e.encode_ordinary(text));
  EXPECT_EQ(e.count_specials(text), 1u);
  EXPECT_TRUE(e.is_special(258));
  EXPECT_FALSE(e.is_special(259));
  EXPECT_EQ(e.decode(e.encode_ordinary(text)), text);
}

TEST(TokenizerJson, AddedTokensSurviveAnotherForm) {
  const std::string added = added_token(258, "<end>", true) + "," + added_token(259, "<b>", false, true);
  const Vocabulary vocabulary = parse_tokenizer_json(json_with_added(added), "t.json");
  const Vocabulary again = parse_tokenizer_json(format_tokenizer_json(vocabulary), "t.json");
  const std::string sidecar = format_sidecar(*with_implied_merges(vocabulary));
  const Vocabulary ranks = parse_tiktoken(format_tiktoken(vocabulary), "t.tiktoken", &sidecar);
  for (const Vocabulary& one : {again, ranks}) {
    ASSERT_EQ(one.specials.size(), 2u);
    EXPECT_TRUE(one.specials[0].special);
    EXPECT_FALSE(one.specials[0].normalized);
    EXPECT_FALSE(one.specials[1].special);
    EXPECT_TRUE(one.specials[1].normalized);
  }
}

// What is looked for after normalisation gets what the others leave; ids as in Hugging Face tokenizers.
TEST(TokenizerJson, NormalizedAddedTokensComeSecond) {
  const std::string both = added_token(258, "bc", false) + "," + added_token(259, "abc", false, true);
  const Encoding e(parse_tokenizer_json(json_with_added(both), "t.json"));
  EXPECT_EQ(e.encode_ordinary("abc"), (Ids{64, 258}));
  std::string json =
      json_with_added(added_token(258, "\u00e9x", false, true) + "," + added_token(259, "\u00e8x", false));
  json.replace(json.find("\"normalizer\":null"), 17, "\"normalizer\":{\"type\":\"NFC\"}");
  const Encoding nfc(parse_tokenizer_json(json, "t.json"));
  EXPECT_EQ(nfc.encode_ordinary("e\u0301x"), (Ids{258}));
  EXPECT_EQ(nfc.encode_ordinary("\u00e8x"), (Ids{259}));
  EXPECT_NE(nfc.encode_ordinary("e\u0300x"), (Ids{259}));
}

TEST(TokenizerJson, TheVocabularysIdWinsOverTheAddedTokens) {
  const auto load = [](const std::string& added, const std::string& extra = "") {
    return parse_tokenizer_json(json_with_added(added, "", extra), "t.json");
  };
  const Vocabulary right = load(added_token(256, "ab", true));
  EXPECT_TRUE(right.warnings.empty());
  const Vocabulary other = load(added_token(300, "ab", true));
  ASSERT_EQ(other.warnings.size(), 1u);
  EXPECT_NE(other.warnings[0].find("\"ab\" says id 300"), std::string::npos) << other.warnings[0];
  for (const Vocabulary& one : {right, other}) {
    const Encoding e(one);
    EXPECT_EQ(e.encode("ab", Specials::kAllow), (Ids{256}));
    EXPECT_EQ(e.encode("abc", Specials::kPlain), (Ids{257}));
    EXPECT_EQ(e.n_vocab(), 258u);
    EXPECT_EQ(parse_tokenizer_json(format_tokenizer_json(one), "t.json").specials[0].id, 256u);
  }
  const Vocabulary next = load(added_token(400, "<x>", false) + "," + added_token(300, "<y>", false));
  EXPECT_EQ(Encoding(next).encode_ordinary("<x><y>"), (Ids{258, 259}));
  EXPECT_EQ(next.warnings.size(), 2u);
}

TEST(TokenizerJson, PostProcessorsPutTokensAroundEveryText) {
  const std::string added = added_token(258, "<s>", true) + "," + added_token(259, "</s>", true);
  const auto around = [&](const std::string& processor) {
    const Vocabulary vocabulary =
        parse_tokenizer_json(json_with_added(added, "\"post_processor\":" + processor + ","), "t.json");
    const Vocabulary again = parse_tokenizer_json(format_tokenizer_json(vocabulary), "t.json");
    EXPECT_EQ(again.before_text, vocabulary.before_text);
    EXPECT_EQ(again.after_text, vocabulary.after_text);
    const Encoding encoding(vocabulary);
    EXPECT_EQ(encoding.encode_ordinary("abc"), (Ids{257}));
    EXPECT_EQ(encoding.encode("abc", Specials::kAllow), (Ids{257}));
    Ids ids = encoding.encode_ordinary("abc");
    encoding.add_special_tokens(ids);
    return ids;
  };
  const std::string start = R"({"SpecialToken":{"id":"<s>","type_id":0}})",
                    text = R"({"Sequence":{"id":"A","type_id":0}})",
                    end = R"({"SpecialToken":{"id":"</s>","type_id":0}})",
                    tokens = R"("special_tokens":{"<s>":{"id":"<s>","ids":[258],"tokens":["<s>"]},)"
                             R"("</s>":{"id":"</s>","ids":[259],"tokens":["</s>"]}}})";
  const auto form = [&](const std::string& single) {
    return R"({"type":"TemplateProcessing","single":[)" + single + R"(],"pair":[],)" + tokens;
  };
  EXPECT_EQ(around(form(start + "," + text)), (Ids{258, 257}));
  EXPECT_EQ(around(form(start + "," + text + "," + end)), (Ids{258, 257, 259}));
  EXPECT_EQ(around(form(text + "," + end + "," + end)), (Ids{257, 259, 259}));
  EXPECT_EQ(around(form(text)), (Ids{257}));
  EXPECT_EQ(around(R"({"type":"Sequence","processors":[{"type":"ByteLevel"},)" + form(start + "," + text) + "]}"),
            (Ids{258, 257}));
  for (const std::string type : {"BertProcessing", "RobertaProcessing"}) {
    EXPECT_EQ(around("{\"type\":\"" + type + R"(","sep":["</s>",259],"cls":["<s>",258]})"), (Ids{258, 257, 259}));
  }
}

TEST(TokenizerJson, PostProcessorsThatFtokDoesNotDoAreRefusedByName) {
  const std::string end = added_token(258, "<end>", true);
  const auto with = [&](const std::string& beside) { return json_message(json_with_added(end, beside)); };
  const auto processor = [&](const std::string& json) { return with("\"post_processor\":" + json + ","); };
  const auto template_of = [](const std::string& single, const std::string& ids = "[258]") {
    return R"({"type":"TemplateProcessing","single":[)" + single + R"(],"special_tokens":{"<end>":{"ids":)" + ids +
           "}}}";
  };
  const auto contains = [](const std::string& message, std::string_view part) {
    return message.find(part) != std::string::npos;
  };
  const std::string text = R"({"Sequence":{"id":"A","type_id":0}})", other = R"({"Sequence":{"id":"B","type_id":0}})",
                    token = R"({"SpecialToken":{"id":"<end>","type_id":0}})",
                    unknown = R"({"SpecialToken":{"id":"<no>","type_id":0}})";
  EXPECT_EQ(processor(template_of(token + "," + text)), "(no error)");
  EXPECT_PRED2(contains, processor(template_of(token)), "\"TemplateProcessing\" has a \"single\" without the text");
  EXPECT_PRED2(contains, processor(template_of(text + "," + text)), "special tokens around one sequence A");
  EXPECT_PRED2(contains, processor(template_of(other)), "special tokens around one sequence A");
  EXPECT_PRED2(contains, processor(template_of(unknown + "," + text)), "adds \"<no>\", which its");
  EXPECT_PRED2(contains, processor(template_of(token + "," + text, "[999]")), "adds id 999, which is not a token");
  EXPECT_PRED2(contains, processor(template_of(token + "," + text, "[\"x\"]")), "has no id below");
  const std::string one = template_of(token + "," + text);
  EXPECT_PRED2(contains, processor(R"({"type":"Sequence","processors":[)" + one + "," + one + "]}"),
               "\"TemplateProcessing\" is the second one that adds tokens");
  EXPECT_PRED2(contains, processor(R"({"type":"RobertaProcessing"})"), "\"RobertaProcessing\" has no id");
  EXPECT_PRED2(contains, processor(R"({"type":"Mystery"})"), "\"Mystery\" is not one ftok does");
  EXPECT_EQ(processor(R"({"type":"ByteLevel"})"), "(no error)");
  EXPECT_EQ(with(R"("post_processor":null,"truncation":null,)"), "(no error)");
  EXPECT_PRED2(contains, with(R"("truncation":{"max_length":5},)"), "\"truncation\" is set");
  EXPECT_PRED2(contains, with(R"("padding":{"pad_id":0},)"), "\"padding\" is set");
}

// Two merges, of which the first begins with the sign that begins the line of the version.
TEST(Gpt2Files, AMergeOfNumberSignsAndEitherLineEnd) {
  std::string encoder = "{\"##\":256,\"####\":257,\"<|endoftext|>\":258";
  const std::string letters = json_of("null", kByteLevel);
  const size_t begin = letters.find("\"vocab\":{") + 9, end = letters.find(",\"ab\":256");
  encoder += "," + letters.substr(begin, end - begin) + "}";
  const std::string lines = "# #\n## ##\n";
  std::string windows;
  for (const char c : "#version: 0.2\n" + lines) windows += c == '\n' ? "\r\n" : std::string(1, c);
  for (const std::string& merges : {lines, "#version: 0.2\n" + lines, windows, windows.substr(15)}) {
    const Encoding e(parse_gpt2(merges, "vocab.bpe", encoder, "encoder.json"));
    EXPECT_EQ(e.encode_ordinary("####"), (Ids{257})) << merges;
    const testing::TemporaryFolder folder;
    write_file(folder / "vocab.bpe", merges);
    write_file(folder / "encoder.json", encoder);
    for (const char* name : {"vocab.bpe", "encoder.json"})
      EXPECT_EQ(Encoding::load(folder / name).encode_ordinary("##"), (Ids{256})) << name << merges;
  }
}

// Numbers one by one, and GPT-2's pattern over what lies between them, as SmolLM and StarCoder 2 have it.
TEST(TokenizerJson, TakesDigitsOutBeforeGpt2sPattern) {
  const std::string digits = R"({"type":"Digits","individual_digits":true})";
  const std::string split = R"({"type":"Split","pattern":{"Regex":"\\p{N}"},"behavior":"Isolated","invert":false})";
  const auto sequence = [](const std::string& first, const std::string& second) {
    return R"({"type":"Sequence","pretokenizers":[)" + first + "," + second + "]}";
  };
  const auto pieces = [](const Encoding& encoding, const std::string& text) {
    std::vector<std::string> cut;
    for (size_t begin = 0; begin < text.size();) {
      const size_t end = encoding.pretoken_end(text, begin);
      cut.push_back(text.substr(begin, end - begin));
      begin = end;
    }
    return cut;
  };
  for (const std::string& first : {digits, split}) {
    const Encoding e(parse_tokenizer_json(json_of("null", sequence(first, kByteLevel)), "t.json"));
    EXPECT_EQ(e.vocabulary().pattern, Pattern::kSmollm);
    EXPECT_EQ(pieces(e, "a  12 b  c'll \n3½!  "),
              (std::vector<std::string>{"a", "  ", "1", "2", " b", " ", " c", "'ll", " \n", "3", "½", "!", "  "}));
    const Encoding again(parse_tokenizer_json(format_tokenizer_json(e.vocabulary()), "t.json"));
    EXPECT_EQ(again.vocabulary().pattern, Pattern::kSmollm);
  }
  EXPECT_NE(json_message(json_of("null", sequence(R"({"type":"Digits","individual_digits":false})", kByteLevel)))
                .find("\"Digits\" without individual_digits"),
            std::string::npos);
  EXPECT_NE(json_message(json_of("null", sequence(digits, digits))).find("two pre-tokenizers"), std::string::npos);
  EXPECT_NE(json_message(json_of("null", sequence(kByteLevel, digits))).find("two pre-tokenizers"), std::string::npos);
}

TEST(TokenizerJson, RefusesByNameWhatItDoesNotDo) {
  EXPECT_NE(json_message(json_of(R"({"type":"NFKC"})", kByteLevel)).find("normalizer \"NFKC\""), std::string::npos);
  EXPECT_NE(json_message(json_of("null", R"({"type":"Whitespace"})")).find("pre-tokenizer \"Whitespace\""),
            std::string::npos);
  EXPECT_NE(json_message(json_of("null", R"({"type":"ByteLevel","add_prefix_space":true})")).find("add_prefix_space"),
            std::string::npos);
  EXPECT_NE(json_message(json_of("null", R"({"type":"Split","pattern":{"Regex":"x+"},"behavior":"Isolated"})"))
                .find("a pattern ftok does not know: x+"),
            std::string::npos);
  EXPECT_NE(json_message(json_of("null", kByteLevel, ",\"dropout\":0.1")).find("\"dropout\""), std::string::npos);
  EXPECT_NE(json_message(json_of("null", kByteLevel, ",\"byte_fallback\":true")).find("\"byte_fallback\""),
            std::string::npos);
  EXPECT_NE(json_message("{\"model\":{\"type\":\"Unigram\"}}").find("model \"Unigram\""), std::string::npos);
  EXPECT_NE(json_message("{").find("t.json: not JSON"), std::string::npos);
}

}  // namespace
}  // namespace ftok
