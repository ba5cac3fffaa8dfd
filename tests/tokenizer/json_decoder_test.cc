// The table of escaped tokens, beside escaping what the tokens decode to.
#include "tokenizer/json_decoder.h"

#include <gtest/gtest.h>

#include <random>

#include "core/error.h"
#include "core/json.h"
#include "core/utf8.h"
#include "tests/support/test_data.h"
#include "tests/tokenizer/small_vocabulary.h"

namespace ftok {
namespace {

using Ids = std::vector<uint32_t>;

std::string slow_json(const Encoding& encoding, const Ids& ids) {
  std::string out = "x";
  append_json_string(out, encoding.decode(ids));
  return out;
}

std::string json(const JsonDecoder& decoder, const Ids& ids) {
  std::string out = "x";  // what is there already stays
  decoder.append(ids, out);
  return out;
}

// Has tokens that need escapes, whose escapes do not fit into a slot, that are too long for one, and parts of
// characters.
Encoding small_encoding() {
  return Encoding(
      testing::small_vocabulary({"\\\"", "\n\n\n\n\n\n\n\n", "123456789012345", "1234567890123456", "\xE2\x82\xE2",
                                 "\xC2\x85", "\xE2\x82", "\x82\xAC", "\xF0\x9F", "\x98\x80 a", "a \xF0\x9F\x98",
                                 "\xED\xA0\x80", "\xEF\xBF\xBD", "naïve 👍", "\x7F\x1B[0m"},
                                {{"<|endoftext|>", 300}, {"<|\n\"|>", 301}}));
}

TEST(JsonDecoder, EscapesEveryTokenAndEveryPairLikeTheSlowWay) {
  const Encoding small = small_encoding();
  const JsonDecoder decoder(small);
  for (uint32_t a = 0; a < small.n_vocab(); ++a) {
    if (!small.is_token(a)) continue;
    ASSERT_EQ(json(decoder, {a}), slow_json(small, {a})) << a;
    for (uint32_t b = 0; b < small.n_vocab(); ++b) {
      if (!small.is_token(b)) continue;
      ASSERT_EQ(json(decoder, {a, b}), slow_json(small, {a, b})) << a << " " << b;
    }
  }
  EXPECT_EQ(json(decoder, {}), "x\"\"");
  const Encoding shipped = Encoding::load((testing::source_folder() / "share/vocab/ftok-50k.tiktoken").string());
  const JsonDecoder shipped_decoder(shipped);
  for (uint32_t id = 0; id < shipped.n_vocab(); ++id) {
    if (!shipped.is_token(id)) continue;
    ASSERT_EQ(json(shipped_decoder, {id}), slow_json(shipped, {id})) << id;
  }
}

TEST(JsonDecoder, EscapesTokensThatCutCharactersLikeTheSlowWay) {
  std::mt19937 random(7);
  const Encoding small = small_encoding(),
                 shipped = Encoding::load((testing::source_folder() / "share/vocab/ftok-50k.tiktoken").string());
  for (const Encoding* const encoding : {&small, &shipped}) {
    const JsonDecoder decoder(*encoding);
    Ids cutting, all;
    for (uint32_t id = 0; id < encoding->n_vocab(); ++id) {
      if (!encoding->is_token(id)) continue;
      all.push_back(id);
      if (!is_valid_utf8(encoding->token_bytes(id))) cutting.push_back(id);
    }
    ASSERT_GE(cutting.size(), 128u);
    for (int i = 0; i < 4000; ++i) {
      Ids ids(i % 100 == 0 ? 511 + random() % 4 : random() % 12);  // 512 are decoded at once
      const unsigned cuts = random() % 4;
      for (uint32_t& id : ids) {
        const Ids& from = random() % 3 < cuts ? cutting : all;
        id = from[random() % from.size()];
      }
      ASSERT_EQ(json(decoder, ids), slow_json(*encoding, ids));
    }
  }
}

TEST(JsonDecoder, RefusesWhatIsNoTokenAsDecodeDoes) {
  const Encoding small = small_encoding();
  const JsonDecoder decoder(small);
  for (const uint32_t id : {299u, 302u, 4'000'000'000u}) {
    ASSERT_FALSE(small.is_token(id));
    std::string slow, fast, out;
    try {
      small.decode(Ids{65, 0x82, id, 66});
    } catch (const Error& error) {
      slow = error.what();
    }
    try {
      decoder.append(Ids{65, 0x82, id, 66}, out);
    } catch (const Error& error) {
      fast = error.what();
    }
    EXPECT_NE(slow, "");
    EXPECT_EQ(fast, slow);
  }
}

}  // namespace
}  // namespace ftok
