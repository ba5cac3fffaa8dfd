// A calculator for models: the tool that chats and `ftok generate --chat` run.
#pragma once

#include <string>
#include <string_view>

namespace ftok {

inline constexpr size_t kCalculationBytesMax = 256;
inline constexpr int kCalculationDepthMax = 32;  // of parentheses and signs

// The value of an expression of numbers with + - * / and parentheses, white space anywhere between: "(12 + 3) * 4" is
// "60", "1 / 3" is "0.3333333333" (ten significant digits). Linear in the text. What has no value is answered by a text
// that says why, "error: division by zero": longer than kCalculationBytesMax or deeper than kCalculationDepthMax,
// a value of 1e15 or more, from where not every whole number has a double of its own, anything else that is not such
// an expression.
std::string calculate(std::string_view expression);

}  // namespace ftok
