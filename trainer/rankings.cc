#include "trainer/rankings.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <set>

#include "core/error.h"
#include "core/json.h"
#include "core/lenient_json.h"

namespace ftok {
namespace {

namespace json = simdjson::dom;

void add_answer(Ranking& ranking, json::element element, int rank, const char* key) {
  std::string_view text;
  if (element.get(text) != simdjson::SUCCESS) throw Error(fmt::format("\"{}\": an answer is not a string", key));
  ranking.answers.emplace_back(text);
  ranking.ranks.push_back(rank);
}

void read_list(Ranking& ranking, json::array list) {
  int rank = 0;
  for (const json::element element : list) {
    json::array equals;
    if (element.get(equals) == simdjson::SUCCESS) {
      for (const json::element one : equals) add_answer(ranking, one, rank, "ranking");
    } else {
      add_answer(ranking, element, rank, "ranking");
    }
    ++rank;
  }
}

void check_answers(const Ranking& ranking) {
  std::set<std::string_view> seen;
  for (const std::string& answer : ranking.answers) {
    if (!seen.insert(answer).second) throw Error("the same answer is there twice");
  }
  const bool ranks = !ranking.ranks.empty() && std::any_of(ranking.ranks.begin(), ranking.ranks.end(),
                                                           [&](int rank) { return rank != ranking.ranks[0]; });
  if (!ranks) throw Error("expected two answers of which one is better");
}

}  // namespace

Ranking parse_ranking(std::string_view text) {
  json::parser parser;
  json::object object;
  std::string plain;
  if (parse_json(parser, text, object, plain) != simdjson::SUCCESS) throw Error("not a JSON object");
  Ranking ranking;
  json::element messages;
  std::string_view prompt;
  if (object["messages"].get(messages) == simdjson::SUCCESS) {
    ranking.messages = parse_chat(simdjson::minify(messages), "\"messages\"");
  } else if (object["prompt"].get(prompt) == simdjson::SUCCESS) {
    ranking.messages.push_back({"user", std::string(prompt)});
  }
  if (ranking.messages.empty()) throw Error("no \"messages\", and no string \"prompt\"");
  json::array list;
  json::element chosen, rejected;
  if (object["ranking"].get(list) == simdjson::SUCCESS) {
    read_list(ranking, list);
  } else if (object["chosen"].get(chosen) == simdjson::SUCCESS &&
             object["rejected"].get(rejected) == simdjson::SUCCESS) {
    add_answer(ranking, chosen, 0, "chosen");
    add_answer(ranking, rejected, 1, "rejected");
  } else {
    throw Error("no list \"ranking\", and no \"chosen\" with \"rejected\"");
  }
  check_answers(ranking);
  return ranking;
}

std::string format_ranking(const Ranking& ranking) {
  std::string line = "{\"messages\":[";
  for (const ChatMessage& message : ranking.messages)
    line += (line.back() == '[' ? "" : ",") + format_chat_message(message);
  line += "],\"ranking\":[";
  const int last = *std::max_element(ranking.ranks.begin(), ranking.ranks.end());
  for (int rank = 0; rank <= last; ++rank) {
    const int64_t equals = std::count(ranking.ranks.begin(), ranking.ranks.end(), rank);
    if (rank > 0) line += ',';
    if (equals > 1) line += '[';
    bool is_first = true;
    for (size_t i = 0; i < ranking.answers.size(); ++i) {
      if (ranking.ranks[i] != rank) continue;
      if (!is_first) line += ',';
      append_json_string(line, ranking.answers[i]);
      is_first = false;
    }
    if (equals > 1) line += ']';
  }
  return line + "]}";
}

}  // namespace ftok
