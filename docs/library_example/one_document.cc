// One Document through stages, without a run: read a page, extract its text, hold it against the Gopher quality rules.
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <vector>

#include "document/stage.h"
#include "extract/extract_stage.h"
#include "filters/gopher_quality.h"

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

  for (const auto& stage : stages) {
    const ftok::Verdict verdict = stage->process(document);
    if (verdict.kept()) continue;
    std::cout << "dropped: " << verdict.reason << ", " << verdict.value << " against " << verdict.threshold << "\n";
    return 0;
  }
  std::cout << "kept: " << document.title << "\n" << document.text << "\n";
}
