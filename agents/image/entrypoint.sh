#!/bin/bash
# Runs one job and is gone. Ends with 0 always: Container Instances may start a container again that ended otherwise.
set -u
cd "${AGENT_ROOT:-/agent}"
registration="${AGENT_REGISTRATION:-/run/agent-registration}"

if [ -f "$registration/agent" ]; then
  # Registered by the orchestrator, with a key that is worth this one agent.
  umask 077
  for name in agent credentials credentials_rsaparams; do
    cp "$registration/$name" ".$name" || exit 0
  done
elif [ -n "${AZP_TOKEN:-}" ]; then
  # As VSTS_AGENT_INPUT_TOKEN the agent masks it and takes it out of its own environment.
  token=$AZP_TOKEN
  unset AZP_TOKEN
  VSTS_AGENT_INPUT_TOKEN="$token" ./config.sh --unattended --acceptTeeEula --replace --auth PAT \
    --url "$AZP_URL" --pool "${AZP_POOL:-Default}" --agent "${AZP_AGENT_NAME:-$(hostname)}" --work _work || exit 0
  unset token
else
  echo "There is no registration in $registration, and AZP_TOKEN is not set." >&2
  exit 0
fi

./run-docker.sh --once &
agent=$!
ending=
# A running job is let finish: the agent itself would cancel it at once. The orchestrator deregisters afterwards.
trap 'ending=1' TERM INT
while kill -0 "$agent" 2>/dev/null; do
  if [ -n "$ending" ] && ! pgrep -x Agent.Worker >/dev/null; then
    pkill -TERM -P "$agent" || true
    kill -TERM "$agent" 2>/dev/null || true
    break
  fi
  sleep 1 &
  wait $!
done
wait "$agent"
exit 0
