#include "trainer/cuda/product_choices.h"

#include <cmath>
#include <sstream>
#include <utility>

namespace ftok {

ProductChoice fastest_choice(const std::vector<ProductAlgorithm>& proposals,
                             const std::function<float(const ProductAlgorithm&)>& time_of) {
  ProductChoice best;
  best.milliseconds = INFINITY;
  for (const ProductAlgorithm& algorithm : proposals) {
    const float milliseconds = time_of(algorithm);
    if (milliseconds < best.milliseconds) best = {true, algorithm, milliseconds};
  }
  return best;
}

const ProductChoice* ProductChoices::find(const ProductKey& key) const {
  const auto found = choices_.find(key);
  return found == choices_.end() ? nullptr : &found->second;
}

const ProductChoice& ProductChoices::set(const ProductKey& key, const ProductChoice& choice) {
  return choices_.insert_or_assign(key, choice).first->second;
}

std::string ProductChoices::text(const std::string& heading) const {
  std::ostringstream text;
  text << heading << '\n' << std::hex;
  for (const auto& [key, choice] : choices_) {
    for (const int64_t number : key) text << number << ' ';
    text << choice.possible;
    for (const uint64_t word : choice.algorithm) text << ' ' << word;
    text << '\n';
  }
  return text.str();
}

bool ProductChoices::set_text(const std::string& heading, const std::string& text) {
  std::istringstream in(text);
  std::string line;
  if (!std::getline(in, line) || line != heading) return false;
  std::map<ProductKey, ProductChoice> choices;
  while (std::getline(in, line)) {
    std::istringstream numbers(line);
    numbers >> std::hex;
    ProductKey key{};
    ProductChoice choice;
    for (int64_t& number : key) numbers >> number;
    numbers >> choice.possible;
    for (uint64_t& word : choice.algorithm) numbers >> word;
    if (!numbers) return false;
    choices.emplace(key, choice);
  }
  choices_ = std::move(choices);
  return true;
}

}  // namespace ftok
