// Committers: the second half of a run in all its folders: its own, and where documents are routed (output.by), that of
// each corpus, with a Committer for each.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "pipeline/run/commit.h"
#include "pipeline/run/extractor.h"

namespace ftok {

// The output folder, and those of the plan's corpora after it. `bind` makes what a folder is bound to of Plan::binding
// or RoutedCorpus::binding. Folder: CandidateFolder or OutputFolder, and throws what its constructor throws.
template <typename Folder>
std::vector<std::unique_ptr<Folder>> open_folders(const std::string& output, const Plan& plan,
                                                  const std::function<std::string(const std::string&)>& bind) {
  std::vector<std::unique_ptr<Folder>> folders;
  folders.push_back(std::make_unique<Folder>(output, bind(plan.binding)));
  for (const RoutedCorpus& corpus : plan.corpora) {
    folders.push_back(std::make_unique<Folder>(corpus_folder(output, corpus.name), bind(corpus.binding)));
  }
  return folders;
}

template <typename Folder>
CandidatePlaces places_in(const std::vector<std::unique_ptr<Folder>>& folders) {
  return {[&folders](size_t number, size_t place) { return folders[place]->candidates(number); },
          [&folders](size_t number, size_t place) { return folders[place]->has_part(number); }};
}

// Serial, as Committer is.
class Committers {
 public:
  // `folders`: of open_folders(); `inputs`: of the run.
  Committers(const std::vector<std::unique_ptr<OutputFolder>>& folders, const std::vector<std::string>& inputs,
             OutputFolder::GivenUp given_up, const Plan& plan, const CommitOptions& options, Progress& progress,
             const Log& log);

  // Commits an input in all folders that do not have it.
  void commit(uint64_t number);
  void commit_waiting();
  void shuffle();
  void finish();
  void warn_of_small_corpus(const Log& log) const;

  size_t parts() const;                           // inputs that all folders have committed
  bool has(uint64_t number, size_t place) const;  // committed or waiting there
  Tally tally() const;                            // of all documents, wherever they went
  std::vector<std::pair<std::string, Tally>> corpora() const;
  std::vector<std::string> shard_names() const;  // after finish(), in the output folder
  const std::vector<std::string>& quarantined() const { return all_.front()->quarantined(); }
  const std::string& first_failure() const { return all_.front()->first_failure(); }
  std::string dedup_summary(uint64_t documents_expected) const {
    return all_.back()->dedup_summary(documents_expected);
  }

 private:
  const std::vector<std::unique_ptr<OutputFolder>>& folders_;
  const Plan& plan_;
  std::vector<std::unique_ptr<Committer>> all_;  // by place
};

}  // namespace ftok
