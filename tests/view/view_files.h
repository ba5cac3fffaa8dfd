// A small vocabulary, a training run and a run, in files: what the tests of view/ look at.
#pragma once

#include <filesystem>
#include <string>

#include "core/file.h"
#include "tests/support/test_data.h"
#include "view/view_answers.h"

namespace ftok::testing {

inline constexpr char kHostileText[] = "</script><script>alert(1)</script><!-- \" ' & \xF0\x9F\x99\x82 \xFF";

// In a folder that is removed with the object.
class ViewFiles {
  TemporaryFolder temporary_;

 public:
  ViewFiles() : folder(temporary_.path().string()) {
    std::filesystem::create_directories(folder + "/model");
    std::filesystem::create_directories(folder + "/run/parts");
    write_file(folder + "/model/log.jsonl",
               "{\"step\":1,\"loss\":8.5,\"lr\":0.1}\n"
               "not json\n"
               "{\"step\":2,\"loss\":7.5,\"lr\":0.2,\"validation_loss\":8}\n"
               "{\"step\":3,\"loss\":6");  // still being written
    write_file(folder + "/model/samples.jsonl", "{\"step\":0,\"text\":\"abc\"}\n{\"step\":2,\"text\":\"</script>\"}\n");
    write_file(folder + "/run/binding.toml", "folder_version = 2\n");
    std::string rejects, texts;
    for (int i = 0; i < 30; ++i) {
      rejects += "{\"id\":\"d" + std::to_string(i) + "\",\"reason\":\"c4." + (i % 2 == 0 ? "a" : "b") +
                 "\",\"value\":" + std::to_string(i) + ",\"threshold\":40,\"detail\":\"word\"}\n";
    }
    texts = "{\"text\":\"" + std::string(30'000, 'x') + "\",\"id\":\"long\"}\n{\"text\":\"short\",\"id\":\"short\"}\n";
    write_file(folder + "/run/parts/000000.rejects.jsonl.zst", rejects);
    write_file(folder + "/run/parts/000000.text.jsonl.zst", texts);
    write_file(folder + "/secret", "secret");
  }
  ViewContents options() const {
    ViewContents options;
    options.vocabularies = {{"ftok-4k", (source_folder() / "share/vocab/ftok-4k.tiktoken").string(), ""}};
    options.shown = {"ftok-4k"};
    options.folders = {view_folder(folder + "/model"), view_folder(folder + "/run")};
    return options;
  }

  const std::string folder;
};

}  // namespace ftok::testing
