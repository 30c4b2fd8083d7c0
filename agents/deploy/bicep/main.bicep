// Registry, identity and the orchestrator for agents in Azure Container Instances:
// az deployment group create -g <group> -f agents/deploy/bicep/main.bicep -p orgUrl=… agentPools=…
@description('Organization, such as https://dev.azure.com/contoso')
param orgUrl string
@description('Pools, comma list')
param agentPools string
@description('Token (Agent Pools: read & manage); empty: the identity below, which then has to be a user of the organization')
@secure()
param orgPat string = ''
param registryName string = 'agents${uniqueString(resourceGroup().id)}'
param location string = resourceGroup().location

resource registry 'Microsoft.ContainerRegistry/registries@2023-07-01' = {
  name: registryName
  location: location
  sku: { name: 'Basic' }
  properties: { adminUserEnabled: false }
}

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
  name: 'agent-orchestrator'
  location: location
}

// AcrPull
resource pull 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(registry.id, identity.id, 'AcrPull')
  scope: registry
  properties: {
    principalId: identity.properties.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '7f951dda-4ed3-4680-a7ca-43fe172d538d')
  }
}

resource groupsRole 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {
  name: guid(resourceGroup().id, 'agent-orchestrator')
  properties: {
    roleName: 'Agent orchestrator (${resourceGroup().name})'
    description: 'Makes, watches and deletes container groups of agents.'
    type: 'CustomRole'
    assignableScopes: [resourceGroup().id]
    permissions: [
      {
        actions: [
          'Microsoft.ContainerInstance/containerGroups/read'
          'Microsoft.ContainerInstance/containerGroups/write'
          'Microsoft.ContainerInstance/containerGroups/delete'
          'Microsoft.ManagedIdentity/userAssignedIdentities/assign/action'
        ]
      }
    ]
  }
}

resource groups 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(resourceGroup().id, identity.id, 'agent-orchestrator')
  properties: {
    principalId: identity.properties.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: groupsRole.id
  }
}

resource orchestrator 'Microsoft.ContainerInstance/containerGroups@2023-05-01' = {
  name: 'agent-orchestrator'
  location: location
  dependsOn: [pull, groups]
  identity: { type: 'UserAssigned', userAssignedIdentities: { '${identity.id}': {} } }
  properties: {
    osType: 'Linux'
    restartPolicy: 'Always'
    imageRegistryCredentials: [{ server: registry.properties.loginServer, identity: identity.id }]
    containers: [
      {
        name: 'orchestrator'
        properties: {
          image: '${registry.properties.loginServer}/agent-orchestrator:latest'
          resources: { requests: { cpu: 1, memoryInGB: 1 } }
          environmentVariables: concat(
            [
              { name: 'HOST_TYPE', value: 'aci' }
              { name: 'ORG_URL', value: orgUrl }
              { name: 'AGENT_POOLS', value: agentPools }
              { name: 'JOB_IMAGE', value: '${registry.properties.loginServer}/pipeline-cascade-agent:latest' }
              { name: 'AZ_SUBSCRIPTION_ID', value: subscription().subscriptionId }
              { name: 'AZ_RESOURCE_GROUP', value: resourceGroup().name }
              { name: 'AZ_REGION', value: location }
              { name: 'AZURE_CLIENT_ID', value: identity.properties.clientId }
              { name: 'ACI_REGISTRY_SERVER', value: registry.properties.loginServer }
              { name: 'ACI_REGISTRY_IDENTITY', value: identity.id }
            ],
            empty(orgPat) ? [] : [{ name: 'ORG_PAT', secureValue: orgPat }]
          )
        }
      }
    ]
  }
}

output registry string = registry.properties.loginServer
