// What the pages of `ftok view` are answered.
#include "view/view_answers.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstring>
#include <map>

#include "core/error.h"
#include "tests/view/view_files.h"
#include "tokenizer/chat.h"
#include "view/token_answers.h"

namespace ftok {
namespace {

using testing::kHostileText;
using testing::ViewFiles;

struct Tokens {
  std::string head, bytes;
  std::vector<uint32_t> ids, ends;
};

uint32_t number_at(const std::string& body, size_t at) {
  uint32_t number = 0;
  std::memcpy(&number, body.data() + at, 4);
  return number;
}

Tokens parse(const std::string& body, size_t count) {
  const size_t head = number_at(body, 0);
  Tokens tokens{body.substr(4, head), body.substr(4 + head + 8 * count), {}, {}};
  for (size_t i = 0; i < count; ++i) {
    tokens.ids.push_back(number_at(body, 4 + head + 4 * i));
    tokens.ends.push_back(number_at(body, 4 + head + 4 * (count + i)));
  }
  return tokens;
}

class ViewTest : public ::testing::Test {
 protected:
  ViewAnswer ask(const std::string& path, std::map<std::string, std::string> parameters = {},
                 std::string body = "") const {
    return answers.answer({path, std::move(parameters), std::move(body)});
  }

  ViewFiles files;
  ViewAnswers answers{files.options()};
  Encoding encoding = Encoding::load((testing::source_folder() / "share/vocab/ftok-4k.tiktoken").string());
};

TEST_F(ViewTest, TokensAreTheEncodersAndTheirEndsThoseOfTheText) {
  const std::string text = "Hello, na\xC3\xAFve world\n\xE4\xBD\xA0 \xF0\x9F\x99\x82";
  const std::vector<uint32_t> ids = encoding.encode_ordinary(text);
  const ViewAnswer answer = ask("api/encode", {{"vocab", "ftok-4k"}}, text);
  ASSERT_EQ(answer.status, 200);
  EXPECT_STREQ(answer.type, "application/octet-stream");
  const Tokens tokens = parse(answer.body, ids.size());
  EXPECT_EQ(tokens.ids, ids);
  size_t end = 0;
  for (size_t i = 0; i < ids.size(); ++i) EXPECT_EQ(tokens.ends[i], end += encoding.token_bytes(ids[i]).size());
  EXPECT_EQ(end, text.size());
  EXPECT_EQ(tokens.bytes, "");                   // those that were sent
  EXPECT_EQ(number_at(answer.body, 0) % 4, 0U);  // numbers lie where a browser can take them as they are
  EXPECT_NE(tokens.head.find("\"own_bytes\":false"), std::string::npos) << tokens.head;
}

// The page sends a long text in blocks of whole lines, and again only the block that has changed.
TEST_F(ViewTest, WholeLinesHaveTheTokensThatTheyHaveInTheText) {
  const std::string text = read_file((testing::source_folder() / "README.md").string()) + "\n \n\nend\n(x)\n\n1\n";
  const std::vector<uint32_t> whole = encoding.encode_ordinary(text);
  size_t cuts = 0;
  std::vector<uint32_t> parts;
  for (size_t at = 0; at < text.size();) {
    size_t end = text.find('\n', at) + 1;
    while (end < text.size() && (text[end] == ' ' || text[end] == '\n')) end = text.find('\n', end) + 1;
    encoding.encode_ordinary(std::string_view(text).substr(at, end - at), parts);
    at = end;
    ++cuts;
  }
  EXPECT_GT(cuts, 50U);
  EXPECT_EQ(parts, whole);
  EXPECT_NE(ask("api/encode", {{"vocab", "ftok-4k"}}, "x").body.find("\"cuts\":true"), std::string::npos);
}

TEST_F(ViewTest, SpecialTokensAreTextUnlessTheyAreAllowed) {
  const std::string text = "<|endoftext|>";
  EXPECT_GT(number_at(ask("api/encode", {{"vocab", "ftok-4k"}}, text).body, 0), 0U);
  const ViewAnswer allowed = ask("api/encode", {{"vocab", "ftok-4k"}, {"specials", "allow"}}, text);
  const Tokens tokens = parse(allowed.body, 1);
  EXPECT_EQ(tokens.ids[0], *encoding.end_of_text());
  EXPECT_NE(tokens.head.find(fmt::format("\"specials\":[{}]", tokens.ids[0])), std::string::npos) << tokens.head;
  const Tokens plain = parse(ask("api/encode", {{"vocab", "ftok-4k"}}, text).body, 2);
  EXPECT_NE(plain.head.find("\"specials\":[]"), std::string::npos) << plain.head;
}

TEST_F(ViewTest, AConversationHasRolesAndLoss) {
  const ViewAnswer answer = ask("api/chat", {{"vocab", "ftok-4k"}, {"template", "chatml"}},
                                R"([{"role":"user","content":"Hi"},{"role":"assistant","content":"Yes"}])");
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_NE(answer.body.find("\"roles\":[\"user\",\"assistant\"]"), std::string::npos);
  EXPECT_NE(answer.body.find("Yes<|im_end|>"), std::string::npos);  // its own bytes follow
  EXPECT_EQ(ask("api/chat", {{"vocab", "ftok-4k"}, {"template", "chatml"}}, "[{").status, 400);
  EXPECT_EQ(ask("api/chat", {{"vocab", "ftok-4k"}, {"template", "other"}}, "[]").status, 404);
}

TEST_F(ViewTest, NoVocabularyOrFolderButThoseThatWereGiven) {
  for (const std::string name : {"", "gpt2", "../../secret", "/etc/passwd"})
    EXPECT_EQ(ask("api/encode", {{"vocab", name}}, "x").status, 404) << name;
  for (const std::string place : {"2", "18446744073709551615", "-1", "x", "../../secret", ""})
    EXPECT_GE(ask("api/training", {{"folder", place}}).status, 400) << place;
  EXPECT_EQ(ask("api/training", {{"folder", "1"}}).status, 404);  // a run
  EXPECT_EQ(ask("api/run", {{"folder", "0"}}).status, 404);       // a training run
  EXPECT_EQ(ask("api/documents", {{"folder", "1"}, {"kind", "../../secret"}}).status, 400);
  for (const std::string path : {"secret", "../secret", "api", "api/", "api/encode/", "%2e%2e/secret"})
    EXPECT_EQ(ask(path).status, 404) << path;
}

TEST_F(ViewTest, ATextThatIsTooLongIsRefused) {
  const std::string most(kViewTextBytesMax, 'a');
  EXPECT_EQ(ask("api/encode", {{"vocab", "ftok-4k"}}, most).status, 200);
  EXPECT_EQ(ask("api/encode", {{"vocab", "ftok-4k"}}, most + "a").status, 413);
}

TEST_F(ViewTest, ATrainingRunIsReadFromWhereOneWas) {
  const std::string all = ask("api/training", {{"folder", "0"}}).body;
  EXPECT_NE(all.find("\"step\":[1,2],\"loss\":[8.5,7.5],\"lr\":[0.1,0.2]"), std::string::npos) << all;
  EXPECT_NE(all.find("\"validation\":[[2,8]]"), std::string::npos) << all;
  EXPECT_NE(all.find("{\"step\":0,\"text\":\"abc\"}"), std::string::npos) << all;
  EXPECT_EQ(all.find("\"norm\""), std::string::npos);  // no column of nothing
  const size_t next = all.find("\"next\":") + 7;
  const std::string from = all.substr(next, all.find_first_of(",}", next) - next);
  const std::string rest = ask("api/training", {{"folder", "0"}, {"from", from}}).body;
  EXPECT_NE(rest.find("\"step\":[]"), std::string::npos) << rest;
  write_file(files.folder + "/model/log.jsonl", read_file(files.folder + "/model/log.jsonl") + ".5}\n");
  const std::string more = ask("api/training", {{"folder", "0"}, {"from", from}}).body;
  EXPECT_NE(more.find("\"step\":[3],\"loss\":[6.5]"), std::string::npos) << more;
}

TEST_F(ViewTest, ARunOfReinforcementLearningHasWhatIsHeldOut) {
  write_file(files.folder + "/model/log.jsonl",
             "{\"step\":0,\"held_out\":0.25,\"held_out_length\":4}\n"
             "{\"step\":1,\"reward\":0.5,\"truth\":0.4,\"length\":3,\"norm\":1,\"lr\":0.1,\"divergence\":0.01}\n"
             "{\"step\":2,\"reward\":0.75,\"truth\":0.6,\"length\":5,\"norm\":1,\"lr\":0.1,\"divergence\":0.02,"
             "\"held_out\":0.5,\"held_out_length\":6,\"held_out_truth\":0.3}\n");
  const std::string all = ask("api/training", {{"folder", "0"}}).body;
  for (const char* const part :
       {"\"held_out\":{\"held_out\":[[0,0.25],[2,0.5]],\"held_out_truth\":[[2,0.3]],\"held_out_length\":[[0,4],[2,6]]}",
        "\"reward\":[null,0.5,0.75]", "\"truth\":[null,0.4,0.6]", "\"length\":[null,3,5]",
        "\"divergence\":[null,0.01,0.02]"})
    EXPECT_NE(all.find(part), std::string::npos) << part << " in " << all;
  write_file(files.folder + "/model/log.jsonl", "{\"step\":1,\"accuracy\":0.5,\"held_out_accuracy\":0.75}\n");
  const std::string reward = ask("api/training", {{"folder", "0"}}).body;
  EXPECT_NE(reward.find("\"held_out\":{\"held_out_accuracy\":[[1,0.75]]}"), std::string::npos) << reward;
  EXPECT_NE(reward.find("\"accuracy\":[0.5]"), std::string::npos) << reward;
}

size_t count_of(const std::string& text, const std::string& what) {
  size_t count = 0;
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++count;
  return count;
}

TEST_F(ViewTest, DocumentsComeAPageAtATime) {
  const std::string first = ask("api/documents", {{"folder", "1"}, {"kind", "dropped"}}).body;
  EXPECT_EQ(count_of(first, "\"id\""), 20U);
  EXPECT_NE(first.find("\"next\":20,\"more\":true"), std::string::npos) << first.substr(first.size() - 60);
  const std::string second = ask("api/documents", {{"folder", "1"}, {"kind", "dropped"}, {"at", "20"}}).body;
  EXPECT_EQ(count_of(second, "\"id\""), 10U);
  EXPECT_NE(second.find("\"id\":\"d20\""), std::string::npos);
  EXPECT_NE(second.find("\"more\":false"), std::string::npos);
  const std::string only = ask("api/documents", {{"folder", "1"}, {"kind", "dropped"}, {"reason", "c4.b"}}).body;
  EXPECT_EQ(count_of(only, "\"reason\":\"c4.b\""), 15U);
  EXPECT_EQ(count_of(only, "\"c4.a\""), 0U);
  const std::string kept = ask("api/documents", {{"folder", "1"}, {"kind", "kept"}}).body;
  EXPECT_NE(kept.find("\"whole_bytes\":30000"), std::string::npos);  // the first of them
  EXPECT_LT(kept.size(), 3'000U);
  const std::string whole = ask("api/document", {{"folder", "1"}, {"kind", "kept"}, {"row", "0"}}).body;
  EXPECT_GT(whole.size(), 30'000U);
  EXPECT_EQ(whole.find("whole_bytes"), std::string::npos);
}

TEST_F(ViewTest, WhatIsAskedOfARunIsChecked) {
  EXPECT_EQ(ask("api/document", {{"folder", "1"}, {"kind", "kept"}, {"row", "2"}}).status, 404);
  EXPECT_EQ(ask("api/document", {{"folder", "1"}, {"kind", "kept"}, {"part", "1"}}).status, 404);
  EXPECT_EQ(ask("api/document", {{"folder", "1"}, {"kind", "kept"}, {"row", "-1"}}).status, 400);
  EXPECT_EQ(ask("api/find", {{"folder", "1"}, {"text", ""}}).status, 400);
  EXPECT_EQ(ask("api/measures", {{"folder", "1"}}).status, 404);
  EXPECT_EQ(ask("api/whatif", {{"folder", "0"}}, "c4.sentences_min=3").status, 404);
}

TEST_F(ViewTest, AFileThatIsSentHoldsNoMarkupOfTexts) {
  ViewContents options = files.options();
  options.text = kHostileText;
  const std::string page = ViewAnswers(options).exported();
  EXPECT_EQ(count_of(page, "<script"), 2U);  // the data and the page's own
  EXPECT_EQ(count_of(page, "</script>"), 2U);
  EXPECT_EQ(page.find("alert(1)<"), std::string::npos);
  EXPECT_NE(page.find("default-src 'none'"), std::string::npos);
  EXPECT_EQ(page.find("http://"), page.find("http://www.w3.org/2000/svg"));  // nothing is loaded from anywhere
  EXPECT_EQ(page.find("https://"), std::string::npos);
}

TEST(ViewFolder, IsATrainingRunOrARun) {
  const ViewFiles files;
  EXPECT_EQ(view_folder(files.folder + "/model").kind, ViewFolder::Kind::kTraining);
  EXPECT_EQ(view_folder(files.folder + "/run/").kind, ViewFolder::Kind::kRun);
  EXPECT_THROW(view_folder(files.folder), UsageError);
  EXPECT_THROW(view_folder(files.folder + "/nothing"), UsageError);
}

}  // namespace
}  // namespace ftok
