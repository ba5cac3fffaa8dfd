// One Document through stages, without a run: read a page, extract its text, and hold it against the Gopher quality
// rules and against a filter that this program defines.
#include <algorithm>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <vector>

#include "document/stage.h"
#include "extract/extract_stage.h"
#include "filters/gopher_quality.h"

// Drops text of which more than a share of the bytes are digits: price lists, tables of results.
class Digits : public ftok::Stage {
 public:
  explicit Digits(double share_max) : share_max_(share_max) {}
  std::string_view name() const override { return "digits"; }
  using Stage::process;

  ftok::Verdict process(ftok::Document& document, ftok::Report* report) const override {
    ftok::Judge judge(report);
    const auto digits =
        std::count_if(document.text.begin(), document.text.end(), [](char c) { return c >= '0' && c <= '9'; });
    const double share =
        document.text.empty() ? 0 : static_cast<double>(digits) / static_cast<double>(document.text.size());
    judge.above("digits.too_many", share, share_max_);
    return judge.verdict();
  }

 private:
  double share_max_;
};

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: one_document PAGE.html\n";
    return 2;
  }
  std::ifstream file(argv[1], std::ios::binary);
  ftok::Document document;
  document.html.assign(std::istreambuf_iterator<char>(file), {});

  std::vector<std::unique_ptr<ftok::Stage>> stages;  // built once; const and thread-safe afterwards
  stages.push_back(std::make_unique<ftok::ExtractStage>(ftok::ExtractOptions{}));
  stages.push_back(std::make_unique<ftok::GopherQuality>(ftok::GopherQualityOptions{}));
  stages.push_back(std::make_unique<Digits>(0.1));

  for (const auto& stage : stages) {
    const ftok::Verdict verdict = stage->process(document);
    if (verdict.kept()) continue;
    std::cout << "dropped: " << verdict.reason << ", " << verdict.value << " against " << verdict.threshold << "\n";
    return 0;
  }
  std::cout << "kept: " << document.title << "\n" << document.text << "\n";
}
