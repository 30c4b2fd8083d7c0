# Runs one job and is gone. Ends with 0 always: Container Instances may start a container again that ended otherwise.
if (-not $env:AZP_TOKEN) {
  Write-Host 'AZP_TOKEN is not set: a Windows agent needs REGISTRATION=token.'
  exit 0
}
$env:VSO_AGENT_IGNORE = 'AZP_TOKEN,VSO_AGENT_IGNORE'
# As VSTS_AGENT_INPUT_TOKEN the agent masks it and takes it out of its own environment.
$env:VSTS_AGENT_INPUT_TOKEN = $env:AZP_TOKEN
Remove-Item Env:AZP_TOKEN
$name = if ($env:AZP_AGENT_NAME) { $env:AZP_AGENT_NAME } else { $env:COMPUTERNAME }
$pool = if ($env:AZP_POOL) { $env:AZP_POOL } else { 'Default' }
# The network of a Windows container in Container Instances may be up to 30 seconds late.
foreach ($try in 1..6) {
  & C:\agent\config.cmd --unattended --replace --auth PAT --url $env:AZP_URL --pool $pool --agent $name --work _work
  if ($LASTEXITCODE -eq 0) { break }
  Start-Sleep -Seconds 10
}
$isConfigured = $LASTEXITCODE -eq 0
Remove-Item Env:VSTS_AGENT_INPUT_TOKEN
if ($isConfigured) { & C:\agent\run.cmd --once }
exit 0
