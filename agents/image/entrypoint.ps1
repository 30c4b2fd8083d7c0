# Runs one job and is gone. Ends with 0 always: Container Instances may start a container again that ended otherwise.
$env:VSO_AGENT_IGNORE = 'AZP_TOKEN,VSO_AGENT_IGNORE'
# As VSTS_AGENT_INPUT_TOKEN the agent masks it and takes it out of its own environment.
$env:VSTS_AGENT_INPUT_TOKEN = $env:AZP_TOKEN
Remove-Item Env:AZP_TOKEN
$name = if ($env:AZP_AGENT_NAME) { $env:AZP_AGENT_NAME } else { $env:COMPUTERNAME }
C:\agent\config.cmd --unattended --replace --auth PAT --url $env:AZP_URL --pool $env:AZP_POOL --agent $name --work _work
if ($LASTEXITCODE -eq 0) {
  Remove-Item Env:VSTS_AGENT_INPUT_TOKEN
  C:\agent\run.cmd --once
}
exit 0
