// Flags of every command that fetches over HTTP, and what they and the environment make of FetchOptions.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>

#include "crawl/fetch.h"

namespace ftok::cli {

struct FetchFlags {
  int connections = FetchLimits().connections_max;
  std::string rate = "0";  // bytes per second, with K, M, G
  int64_t attempts = FetchOptions().attempts_max;
  std::string user_agent;
  std::string contact;  // also $FTOK_CONTACT

  void add_to(CLI::App& command);

  // Sets the limits of this process's fetches and returns the options: fetch_options_of_environment() with
  // what the flags say. Throws UsageError naming the flag. Once a process.
  FetchOptions options() const;
};

}  // namespace ftok::cli
