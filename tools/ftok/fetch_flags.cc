#include "tools/ftok/fetch_flags.h"

#include "core/error.h"
#include "core/recipe.h"

namespace ftok::cli {

void FetchFlags::add_to(CLI::App& command) {
  command.add_option("--connections", connections, "Connections open at once")->capture_default_str();
  command.add_option("--rate", rate, "Limit on bytes per second over all connections, such as 20M (0: none)")
      ->capture_default_str();
  command.add_option("--attempts", attempts, "Tries in a row without progress before a fetch fails")
      ->capture_default_str();
  command.add_option("--contact", contact, "Mail or web address to put into the User-Agent (also $FTOK_CONTACT)");
  command.add_option("--user-agent", user_agent, "The whole User-Agent header");
}

FetchOptions FetchFlags::options() const {
  if (connections < 1) throw UsageError("--connections: got " + std::to_string(connections) + ", expected at least 1");
  if (attempts < 1) throw UsageError("--attempts: got " + std::to_string(attempts) + ", expected at least 1");
  FetchLimits limits;
  limits.connections_max = connections;
  const int64_t bytes_per_second = parse_size(rate, true, "--rate");
  if (bytes_per_second < 0) throw UsageError("--rate: got " + rate + ", expected bytes per second");
  limits.bytes_per_second_max = static_cast<uint64_t>(bytes_per_second);
  configure_process_fetch_session(limits);

  FetchOptions options = fetch_options_of_environment();
  options.attempts_max = attempts;
  if (!contact.empty()) options.user_agent = user_agent_with_contact(contact, "--contact");
  if (!user_agent.empty()) {
    user_agent_with_contact(user_agent, "--user-agent");  // checks its characters
    options.user_agent = user_agent;
  }
  return options;
}

}  // namespace ftok::cli
