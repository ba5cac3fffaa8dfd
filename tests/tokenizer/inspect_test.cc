// What `ftok encode` shows: visible tokens, rows of cells, trees of merges, pages, conversations.
#include "tokenizer/inspect.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "core/error.h"
#include "tests/tokenizer/small_vocabulary.h"

#include "tokenizer/chat.h"
#include "tokenizer/token_page.h"

namespace ftok {
namespace {

Encoding small_encoding(bool chatml = true) {
  std::vector<SpecialToken> specials = {{"<|endoftext|>", 260}};
  if (chatml) specials.insert(specials.end(), {{"<|im_start|>", 261}, {"<|im_end|>", 262}});
  return Encoding(testing::small_vocabulary({"ab", "abc", " x", "\xE4\xB8"}, std::move(specials)));
}

const ViewOptions kPlain{.colours = false, .columns = 80, .roles = {}};

TEST(VisibleToken, ShowsWhatCannotBeSeen) {
  EXPECT_EQ(visible_token(" a\t\n"), "·a→⏎");
  EXPECT_EQ(visible_token(std::string_view("\0\x1b\x7f", 3)), "\\x00\\x1b\\x7f");
  EXPECT_EQ(visible_token("\u00a0\u200b\u2028"), "\\u00a0\\u200b\\u2028");
  EXPECT_EQ(visible_token("\xE4\xB8"), "‹e4›‹b8›");
  EXPECT_EQ(visible_token("é世"), "é世");
}

TEST(DisplayColumns, CountsWideCharactersAndMarks) {
  EXPECT_EQ(display_columns("abc"), 3u);
  EXPECT_EQ(display_columns("世界"), 4u);
  EXPECT_EQ(display_columns("e\u0301"), 1u);
  EXPECT_EQ(display_columns(""), 0u);
}

TEST(RenderTokens, PutsIdsBeneathAndCounts) {
  const Encoding encoding = small_encoding();
  EXPECT_EQ(render_tokens(encoding, encoding.encode_ordinary("abc x"), kPlain),
            "abc|·x\n257|258\n2 tokens, 5 characters, 5 bytes, 2.50 bytes per token (small)\n");
  EXPECT_EQ(render_tokens(encoding, std::vector<uint32_t>{}, kPlain), "0 tokens, 0 characters, 0 bytes (small)\n");
}

TEST(RenderTokens, BreaksRowsAtNewlinesAndAtTheEdge) {
  const Encoding encoding = small_encoding();
  EXPECT_TRUE(render_tokens(encoding, {97, 10, 98}, kPlain).starts_with("a |⏎\n97|10\nb\n98\n"));
  ViewOptions narrow = kPlain;
  narrow.columns = 7;  // two cells and a bar are 5, three are 8
  EXPECT_TRUE(render_tokens(encoding, {97, 97, 97}, narrow).starts_with("a |a\n97|97\na\n97\n"));
  narrow.columns = 8;
  EXPECT_TRUE(render_tokens(encoding, {97, 97, 97}, narrow).starts_with("a |a |a\n97|97|97\n"));
}

TEST(RenderTokens, NeighboursHaveOtherColoursAndSpecialTokensTheirOwn) {
  const Encoding encoding = small_encoding();
  const std::string shown =
      render_tokens(encoding, {97, 98, 260}, ViewOptions{.colours = true, .columns = 80, .roles = {}});
  EXPECT_TRUE(shown.starts_with(
      "\x1b[48;5;153;30ma  \x1b[0m\x1b[48;5;187;30mb  \x1b[0m\x1b[48;5;215;30m<|endoftext|> \x1b[0m\n"))
      << shown;
}

TEST(RenderComparison, PutsVocabulariesSideBySide) {
  const Encoding a = small_encoding(), b = small_encoding(false);
  ViewOptions options = kPlain;
  options.columns = 43;  // two columns of 20
  EXPECT_EQ(
      render_comparison({{&a, {257}}, {&b, {97, 98}}}, options),
      "small                  small\n1 tokens               2 tokens\n3.00 bytes per token   1.00 bytes per token\n"
      "abc                    a |b\n257                    97|98\n");
}

TEST(RenderMerges, DrawsATreeForEachToken) {
  const Encoding encoding = small_encoding();
  EXPECT_EQ(render_merges(encoding, "abcd", kPlain),
            "abcd  4 bytes, 2 merges, 2 tokens\n"
            "├─ abc  257  merge 2\n│  ├─ ab  256  merge 1\n│  │  ├─ a  97\n│  │  └─ b  98\n│  └─ c  99\n└─ d  100\n");
  EXPECT_NE(render_merges(encoding, std::string(513, 'a'), kPlain).find("513 bytes"), std::string::npos);
}

TEST(TokenPage, EscapesTextAndCarriesItsTable) {
  const Encoding encoding = small_encoding();
  const std::string text = "</b><script>&\"'\xE4\xB8";
  std::vector<ViewToken> tokens;
  for (const uint32_t id : encoding.encode_ordinary(text)) tokens.push_back({id, 0, true});
  const std::string page = format_token_page("<title>", {{&encoding, tokens, {}}});
  EXPECT_EQ(page.find("</b><script>"), std::string::npos);
  EXPECT_NE(page.find("<title>&lt;title&gt;</title>"), std::string::npos);
  EXPECT_NE(page.find("default-src 'none'"), std::string::npos);
  EXPECT_NE(page.find("60:[\"rank 60\",\"3c\",\"\\u003c\"]"), std::string::npos) << page;
  EXPECT_NE(page.find("259:[\"rank 259\",\"e4 b8\","), std::string::npos);
}

std::string loss_text(const Encoding& encoding, const EncodedChat& chat) {
  std::string text;
  for (const ViewToken& token : chat.tokens) {
    if (token.in_loss) text += encoding.token_bytes(token.id);
  }
  return text;
}

std::string whole_text(const Encoding& encoding, const EncodedChat& chat) {
  std::vector<uint32_t> ids;
  for (const ViewToken& token : chat.tokens) ids.push_back(token.id);
  return encoding.decode(ids);
}

TEST(Chat, ChatmlMarksTheAssistantsWordsAndTheirEnd) {
  const Encoding encoding = small_encoding();
  const EncodedChat chat =
      encode_chat(encoding, *chat_template_of_name("chatml"), {{"user", "hi"}, {"assistant", "abc"}});
  EXPECT_EQ(whole_text(encoding, chat), "<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\nabc<|im_end|>\n");
  EXPECT_EQ(loss_text(encoding, chat), "abc<|im_end|>");
  EXPECT_EQ(chat.roles, (std::vector<std::string>{"user", "assistant"}));
  EXPECT_EQ(chat.tokens.front().role, 1);
}

TEST(Chat, AContentCannotWriteSpecialTokens) {
  const Encoding encoding = small_encoding();
  const ChatTemplate form = *chat_template_of_name("chatml");
  const std::vector<ChatMessage> messages = {{"<|im_end|>", "<|im_start|>"}};
  const auto specials = [](const EncodedChat& chat) {
    return std::count_if(chat.tokens.begin(), chat.tokens.end(),
                         [](const ViewToken& token) { return token.id >= 260; });
  };
  EXPECT_EQ(specials(encode_chat(encoding, form, messages)), 2);
  EXPECT_EQ(specials(encode_chat(encoding, form, messages, Specials::kAllow)), 3);
  EXPECT_THROW(encode_chat(encoding, form, messages, Specials::kRefuse), Error);
}

TEST(Chat, TrimsAsPythonDoes) {
  const Encoding encoding = small_encoding();
  ChatTemplate form = parse_chat_template(R"({"message":"[{content}]","trim":true})", "t.json");
  const auto written = [&](const std::string& content) {
    return whole_text(encoding, encode_chat(encoding, form, {{"user", content}}));
  };
  for (const char* space :
       {" ",      "\t",     "\n",     "\v",     "\f",     "\r",     "\x1C",   "\x1D",   "\x1E",   "\x1F",
        "\u0085", "\u00A0", "\u1680", "\u2000", "\u200A", "\u2028", "\u2029", "\u202F", "\u205F", "\u3000"}) {
    EXPECT_EQ(written(std::string(space) + "a" + space + "b" + space), "[a" + std::string(space) + "b]");
    EXPECT_EQ(written(std::string(space) + space), "[]");
  }
  for (const char* other : {"\b", "\x1B", "\x7F", "\u180E", "\u200B", "\u2060", "\uFEFF", "\xA0"})
    EXPECT_EQ(written(other + std::string("a")), "[" + std::string(other) + "a]");
  form.trims_content = false;
  EXPECT_EQ(written(" a "), "[ a ]");
}

TEST(Chat, ReadsTextPartsOfAContent) {
  const auto contents = [](const std::string& content) {
    return parse_chat("[{\"role\":\"user\",\"content\":" + content + "}]", "c.json").at(0).content;
  };
  const auto message = [&](const std::string& content) {
    try {
      contents(content);
      return std::string("(no error)");
    } catch (const Error& error) {
      return std::string(error.what());
    }
  };
  EXPECT_EQ(contents(R"("a")"), "a");
  EXPECT_EQ(contents(R"([{"type":"text","text":"a "},{"type":"text","text":"b"}])"), "a b");
  EXPECT_EQ(contents("[]"), "");
  EXPECT_NE(message(R"([{"type":"text","text":"a"},{"type":"image_url"}])").find("of type \"image_url\""),
            std::string::npos);
  EXPECT_NE(message(R"([{"text":"a"}])").find("without \"type\""), std::string::npos);
  EXPECT_NE(message(R"([{"type":"text","text":1}])").find("without a string \"text\""), std::string::npos);
  EXPECT_NE(message("null").find("no string \"content\""), std::string::npos);
}

TEST(Chat, RefusesATemplateTheVocabularyCannotWrite) {
  EXPECT_THROW(encode_chat(small_encoding(false), *chat_template_of_name("chatml"), {{"user", "hi"}}), Error);
  EXPECT_THROW(encode_chat(small_encoding(), *chat_template_of_name("llama3"), {{"user", "hi"}}), Error);
  EXPECT_FALSE(chat_template_of_name("other").has_value());
}

TEST(Chat, TakesATemplateOfTheUsers) {
  const Encoding encoding = small_encoding();
  const ChatTemplate form = parse_chat_template(
      R"({"begin":"<|endoftext|>","message":"{role}:{content};","roles":{"bot":"{content}<|im_end|>!"},"end":"E","trim":true,"loss":["bot"]})",
      "t");
  const EncodedChat chat = encode_chat(encoding, form, {{"me", " a\n"}, {"bot", " b "}});
  EXPECT_EQ(whole_text(encoding, chat), "<|endoftext|>me:a;b<|im_end|>!E");
  EXPECT_EQ(loss_text(encoding, chat), "b<|im_end|>");
  EXPECT_THROW(parse_chat_template("[]", "t"), Error);
  EXPECT_THROW(parse_chat_template(R"({"message":"no place"})", "t"), Error);
  EXPECT_THROW(parse_chat_template(R"({"message":5})", "t"), Error);
}

// Of calls the loss counts all up to the token that ends them, of results nothing; neither can be written by a content.
TEST(Chat, WritesCallsAndResults) {
  const Encoding encoding = small_encoding();
  const ChatTemplate form = *chat_template_of_name("chatml");
  const std::vector<ChatMessage> messages = parse_chat(
      R"([{"role":"user","content":"2*3?"},{"role":"assistant","content":[{"type":"text","text":"Well, "},
          {"type":"tool_call","text":"2*3"},{"type":"tool_result","text":"6<|im_end|>"},{"type":"text","text":"6."}]}])",
      "t");
  EXPECT_EQ(messages[1].content, "Well, 6.");
  EXPECT_EQ(messages[1].last_text(), "6.");
  const EncodedChat chat = encode_chat(encoding, form, messages);
  EXPECT_EQ(whole_text(encoding, chat),
            "<|im_start|>user\n2*3?<|im_end|>\n<|im_start|>assistant\nWell, <|im_start|>call\n2*3<|im_end|>"
            "<|im_start|>result\n6<|im_end|><|im_end|>6.<|im_end|>\n");
  EXPECT_EQ(loss_text(encoding, chat), "Well, <|im_start|>call\n2*3<|im_end|>6.<|im_end|>");
  EXPECT_EQ(parse_chat("[" + format_chat_message(messages[1]) + "]", "t")[0].parts, messages[1].parts);
  EXPECT_THROW(encode_chat(encoding, parse_chat_template(R"({"message":"{content}<|im_end|>"})", "t"), messages),
               Error);
  EXPECT_THROW(parse_chat_template(R"({"message":"{content}","call":"{content}"})", "t"), Error);
  EXPECT_THROW(parse_chat_template(R"({"message":"{content}","call":"{content}","result":"x"})", "t"), Error);
}

TEST(Chat, APromptEndsWhereTheAnswerBegins) {
  const Encoding encoding = small_encoding();
  const ChatTemplate form = *chat_template_of_name("chatml");
  const ChatPrompt prompt = encode_chat_prompt(encoding, form, {{"user", "a"}, {"assistant", "b"}, {"user", "c"}});
  EXPECT_EQ(encoding.decode(prompt.ids),
            "<|im_start|>user\na<|im_end|>\n<|im_start|>assistant\nb<|im_end|>\n<|im_start|>user\nc<|im_end|>\n"
            "<|im_start|>assistant\n");
  EXPECT_EQ(encoding.token_bytes(prompt.end_of_answer), "<|im_end|>");
  for (const char* open :
       {R"({"message":"{role}: {content}\n"})", R"({"message":"{content}<|im_end|>","loss":["user"]})"})
    EXPECT_THROW(encode_chat_prompt(encoding, parse_chat_template(open, "t"), {{"user", "a"}}), UsageError);
}

TEST(Chat, ATemplateIsReadAsItIsWritten) {
  ChatTemplate form = *chat_template_of_name("chatml");
  form.roles["tool"] = "[{content}]", form.end = "E", form.trims_content = true, form.loss_roles = {"assistant", "x"};
  const ChatTemplate again = parse_chat_template(format_chat_template(form), "t");
  EXPECT_EQ(format_chat_template(again), format_chat_template(form));
  EXPECT_EQ(again.call, form.call);
  EXPECT_EQ(again.roles, form.roles);
}

TEST(Chat, ReadsConversations) {
  EXPECT_EQ(parse_chat(R"([{"role":"user","content":"x"}])", "t").size(), 1u);
  EXPECT_EQ(parse_chat(R"({"messages":[{"role":"user","content":"x"}]})", "t")[0].content, "x");
  EXPECT_THROW(parse_chat("{}", "t"), Error);
  EXPECT_THROW(parse_chat(R"([{"role":"user"}])", "t"), Error);
  EXPECT_THROW(parse_chat("nothing", "t"), Error);
}

}  // namespace
}  // namespace ftok
