"""The Go structs of upstream's internal API types, as a table: what a bad value looks like in a message.

A fault in a whole struct prints it as JSON of the *internal* type, which has Go
field names, declaration order and explicit nulls:
`{"Type":"Recreate","RollingUpdate":null}`. Each paragraph is one struct; each
field is `GoName:jsonName=type`, the JSON name left out where it only differs in
its first letter. Types: `s` string, `i` integer, `f` float, `b` bool, `q`
quantity, `o` int-or-string, `t` time, `y` bytes, `j` any JSON, `$X` struct,
`*` pointer, `[` list, `{` map; `+` embeds,
`^name` is read from the object around this one (the internal types keep
`hostNetwork` and its like in the security context).

Models pkg/apis/{core,apps,batch,networking,rbac,storage,…}/types.go, v1.36.
"""

from __future__ import annotations

STRUCTS_TEXT = """
AWSElasticBlockStoreVolumeSource: VolumeID=s FSType:fsType=s Partition=i ReadOnly=b
Affinity: NodeAffinity=*$NodeAffinity PodAffinity=*$PodAffinity PodAntiAffinity=*$PodAntiAffinity
AllocationResult: Devices=$DeviceAllocationResult NodeSelector=*$NodeSelector AllocationTimestamp=*t
AppArmorProfile: Type=s LocalhostProfile=*s
AttachedVolume: Name=s DevicePath=s
AzureDiskVolumeSource: DiskName=s DataDiskURI:diskURI=s CachingMode=*s FSType:fsType=*s ReadOnly=*b
    Kind=*s
AzureFilePersistentVolumeSource: SecretName=s ShareName=s ReadOnly=b SecretNamespace=*s
AzureFileVolumeSource: SecretName=s ShareName=s ReadOnly=b
CELDeviceSelector: Expression=s
CSIPersistentVolumeSource: Driver=s VolumeHandle=s ReadOnly=b FSType:fsType=s VolumeAttributes={s
    ControllerPublishSecretRef=*$SecretReference NodeStageSecretRef=*$SecretReference
    NodePublishSecretRef=*$SecretReference ControllerExpandSecretRef=*$SecretReference
    NodeExpandSecretRef=*$SecretReference
CSIVolumeSource: Driver=s ReadOnly=*b FSType:fsType=*s VolumeAttributes={s
    NodePublishSecretRef=*$LocalObjectReference
Capabilities: Add=[s Drop=[s
CapacityRequirements: Requests={q
CephFSPersistentVolumeSource: Monitors=[s Path=s User=s SecretFile=s SecretRef=*$SecretReference
    ReadOnly=b
CephFSVolumeSource: Monitors=[s Path=s User=s SecretFile=s SecretRef=*$LocalObjectReference ReadOnly=b
CinderPersistentVolumeSource: VolumeID=s FSType:fsType=s ReadOnly=b SecretRef=*$SecretReference
CinderVolumeSource: VolumeID=s FSType:fsType=s ReadOnly=b SecretRef=*$LocalObjectReference
ClientIPConfig: TimeoutSeconds=*i
ClusterTrustBundleProjection: Name=*s SignerName=*s LabelSelector=*$LabelSelector Optional=*b Path=s
ConfigMapEnvSource: +$LocalObjectReference Optional=*b
ConfigMapKeySelector: +$LocalObjectReference Key=s Optional=*b
ConfigMapNodeConfigSource: Namespace=s Name=s UID:uid=s ResourceVersion=s KubeletConfigKey=s
ConfigMapProjection: +$LocalObjectReference Items=[$KeyToPath Optional=*b
ConfigMapVolumeSource: +$LocalObjectReference Items=[$KeyToPath DefaultMode=*i Optional=*b
Container: Name=s Image=s Command=[s Args=[s WorkingDir=s Ports=[$ContainerPort EnvFrom=[$EnvFromSource
    Env=[$EnvVar Resources=$ResourceRequirements ResizePolicy=[$ContainerResizePolicy RestartPolicy=*s
    RestartPolicyRules=[$ContainerRestartRule VolumeMounts=[$VolumeMount VolumeDevices=[$VolumeDevice
    LivenessProbe=*$Probe ReadinessProbe=*$Probe StartupProbe=*$Probe Lifecycle=*$Lifecycle
    TerminationMessagePath=s TerminationMessagePolicy=s ImagePullPolicy=s
    SecurityContext=*$SecurityContext Stdin=b StdinOnce=b TTY:tty=b
ContainerImage: Names=[s SizeBytes=i
ContainerPort: Name=s HostPort=i ContainerPort=i Protocol=s HostIP=s
ContainerResizePolicy: ResourceName=s RestartPolicy=s
ContainerRestartRule: Action=s ExitCodes=*$ContainerRestartRuleOnExitCodes
ContainerRestartRuleOnExitCodes: Operator=s Values=[i
CronJobSpec: Schedule=s TimeZone=*s StartingDeadlineSeconds=*i ConcurrencyPolicy=s Suspend=*b
    JobTemplate=$JobTemplateSpec SuccessfulJobsHistoryLimit=*i FailedJobsHistoryLimit=*i
CustomResourceColumnDefinition: Name=s Type=s Format=s Description=s Priority=i JSONPath:jsonPath=s
CustomResourceDefinitionVersion: Name=s Served=b Storage=b Deprecated=b DeprecationWarning=*s
    Schema=*$CustomResourceValidation
    Subresources=*$CustomResourceSubresources AdditionalPrinterColumns=[$CustomResourceColumnDefinition
    SelectableFields=[$SelectableField
CustomResourceSubresourceScale: SpecReplicasPath=s StatusReplicasPath=s LabelSelectorPath=*s
CustomResourceSubresources: Status=*j Scale=*$CustomResourceSubresourceScale
CustomResourceValidation: OpenAPIV3Schema:openAPIV3Schema=*$JSONSchemaProps
DaemonEndpoint: Port:Port=i
DaemonSetUpdateStrategy: Type=s RollingUpdate=*$RollingUpdateDaemonSet
DeploymentStrategy: Type=s RollingUpdate=*$RollingUpdateDeployment
DeviceAllocationConfiguration: Source=s Requests=[s +$DeviceConfiguration
DeviceAllocationResult: Results=[$DeviceRequestAllocationResult Config=[$DeviceAllocationConfiguration
DeviceAttribute: IntValue:int=*i BoolValue:bool=*b StringValue:string=*s VersionValue:version=*s
    IntValues:ints=[i BoolValues:bools=[b StringValues:strings=[s VersionValues:versions=[s
DeviceClaim: Requests=[$DeviceRequest Constraints=[$DeviceConstraint Config=[$DeviceClaimConfiguration
DeviceClaimConfiguration: Requests=[s +$DeviceConfiguration
DeviceConfiguration: Opaque=*$OpaqueDeviceConfiguration
DeviceConstraint: Requests=[s MatchAttribute=*s DistinctAttribute=*s
DeviceRequest: Name=s Exactly=*$ExactDeviceRequest FirstAvailable=[$DeviceSubRequest
DeviceRequestAllocationResult: Request=s Driver=s Pool=s Device=s AdminAccess=*b
    Tolerations=[$DeviceToleration BindingConditions=[s BindingFailureConditions=[s
    ShareID:shareID=*s ConsumedCapacity={q
DeviceSelector: CEL:cel=*$CELDeviceSelector
DeviceSubRequest: Name=s DeviceClassName=s Selectors=[$DeviceSelector AllocationMode=s Count=i
    Tolerations=[$DeviceToleration Capacity=*$CapacityRequirements
DeviceToleration: Key=s Operator=s Value=s Effect=s TolerationSeconds=*i
DownwardAPIProjection: Items=[$DownwardAPIVolumeFile
DownwardAPIVolumeFile: Path=s FieldRef=*$ObjectFieldSelector ResourceFieldRef=*$ResourceFieldSelector
    Mode=*i
DownwardAPIVolumeSource: Items=[$DownwardAPIVolumeFile DefaultMode=*i
EmptyDirVolumeSource: Medium=s SizeLimit=*q
EndpointAddress: IP:ip=s Hostname=s NodeName=*s TargetRef=*$ObjectReference
EndpointPort: Name=s Port=i Protocol=s AppProtocol=*s
EndpointSubset: Addresses=[$EndpointAddress NotReadyAddresses=[$EndpointAddress Ports=[$EndpointPort
EnvFromSource: Prefix=s ConfigMapRef=*$ConfigMapEnvSource SecretRef=*$SecretEnvSource
EnvVar: Name=s Value=s ValueFrom=*$EnvVarSource
EnvVarSource: FieldRef=*$ObjectFieldSelector ResourceFieldRef=*$ResourceFieldSelector
    ConfigMapKeyRef=*$ConfigMapKeySelector SecretKeyRef=*$SecretKeySelector FileKeyRef=*$FileKeySelector
EphemeralContainer: +$EphemeralContainerCommon TargetContainerName=s
EphemeralContainerCommon: Name=s Image=s Command=[s Args=[s WorkingDir=s Ports=[$ContainerPort
    EnvFrom=[$EnvFromSource Env=[$EnvVar Resources=$ResourceRequirements
    ResizePolicy=[$ContainerResizePolicy RestartPolicy=*s RestartPolicyRules=[$ContainerRestartRule
    VolumeMounts=[$VolumeMount VolumeDevices=[$VolumeDevice LivenessProbe=*$Probe ReadinessProbe=*$Probe
    StartupProbe=*$Probe Lifecycle=*$Lifecycle TerminationMessagePath=s TerminationMessagePolicy=s
    ImagePullPolicy=s SecurityContext=*$SecurityContext Stdin=b StdinOnce=b TTY:tty=b
EphemeralVolumeSource: VolumeClaimTemplate=*$PersistentVolumeClaimTemplate
ExactDeviceRequest: DeviceClassName=s Selectors=[$DeviceSelector AllocationMode=s Count=i AdminAccess=*b
    Tolerations=[$DeviceToleration Capacity=*$CapacityRequirements
ExecAction: Command=[s
ExemptPriorityLevelConfiguration: NominalConcurrencyShares=*i LendablePercent=*i
ExternalDocumentation: Description=s URL:url=s
FCVolumeSource: TargetWWNs=[s Lun=*i FSType:fsType=s ReadOnly=b WWIDs:wwids=[s
FileKeySelector: VolumeName=s Path=s Key=s Optional=*b
FlexPersistentVolumeSource: Driver=s FSType:fsType=s SecretRef=*$SecretReference ReadOnly=b Options={s
FlexVolumeSource: Driver=s FSType:fsType=s SecretRef=*$LocalObjectReference ReadOnly=b Options={s
FlockerVolumeSource: DatasetName=s DatasetUUID=s
FlowDistinguisherMethod: Type=s
FlowSchemaSpec: PriorityLevelConfiguration=$PriorityLevelConfigurationReference MatchingPrecedence=i
    DistinguisherMethod=*$FlowDistinguisherMethod Rules=[$PolicyRulesWithSubjects
FlowSubject: Kind=s User=*$UserSubject Group=*$GroupSubject ServiceAccount=*$ServiceAccountSubject
GCEPersistentDiskVolumeSource: PDName:pdName=s FSType:fsType=s Partition=i ReadOnly=b
GRPCAction: Port=i Service=*s
GitRepoVolumeSource: Repository=s Revision=s Directory=s
GlusterfsPersistentVolumeSource: EndpointsName:endpoints=s Path=s ReadOnly=b EndpointsNamespace=*s
GlusterfsVolumeSource: EndpointsName:endpoints=s Path=s ReadOnly=b
GroupSubject: Name=s
HTTPGetAction: Path=s Port=o Host=s Scheme=s HTTPHeaders:httpHeaders=[$HTTPHeader
HTTPHeader: Name=s Value=s
HTTPIngressPath: Path=s PathType=*s Backend=$IngressBackend
HTTPIngressRuleValue: Paths=[$HTTPIngressPath
HostAlias: IP:ip=s Hostnames=[s
HostPathVolumeSource: Path=s Type=*s
IPBlock: CIDR:cidr=s Except=[s
ISCSIPersistentVolumeSource: TargetPortal=s IQN:iqn=s Lun=i ISCSIInterface:iscsiInterface=s
    FSType:fsType=s ReadOnly=b Portals=[s DiscoveryCHAPAuth:chapAuthDiscovery=b
    SessionCHAPAuth:chapAuthSession=b SecretRef=*$SecretReference InitiatorName=*s
ISCSIVolumeSource: TargetPortal=s IQN:iqn=s Lun=i ISCSIInterface:iscsiInterface=s FSType:fsType=s
    ReadOnly=b Portals=[s DiscoveryCHAPAuth:chapAuthDiscovery=b SessionCHAPAuth:chapAuthSession=b
    SecretRef=*$LocalObjectReference InitiatorName=*s
ImageVolumeSource: Reference=s PullPolicy=s
IngressBackend: Service=*$IngressServiceBackend Resource=*$TypedLocalObjectReference
IngressClassParametersReference: APIGroup:apiGroup=*s Kind=s Name=s Scope=*s Namespace=*s
IngressClassSpec: Controller=s Parameters=*$IngressClassParametersReference
IngressRule: Host=s +$IngressRuleValue
IngressRuleValue: HTTP:http=*$HTTPIngressRuleValue
IngressServiceBackend: Name=s Port=$ServiceBackendPort
IngressSpec: IngressClassName=*s DefaultBackend=*$IngressBackend TLS:tls=[$IngressTLS Rules=[$IngressRule
IngressTLS: Hosts=[s SecretName=s
JSONSchemaProps: ID:id=s Schema:$schema=s Ref:$ref=*s Description=s Type=s Nullable=b Format=s Title=s
    Default=*j Maximum=*f ExclusiveMaximum=b Minimum=*f ExclusiveMinimum=b MaxLength=*i MinLength=*i
    Pattern=s MaxItems=*i MinItems=*i UniqueItems=b MultipleOf=*f Enum=[j MaxProperties=*i MinProperties=*i
    Required=[s Items=*$JSONSchemaPropsOrArray AllOf=[$JSONSchemaProps OneOf=[$JSONSchemaProps
    AnyOf=[$JSONSchemaProps Not=*$JSONSchemaProps Properties={$JSONSchemaProps
    AdditionalProperties=*$JSONSchemaPropsOrBool PatternProperties={$JSONSchemaProps
    Dependencies={$JSONSchemaPropsOrStringArray AdditionalItems=*$JSONSchemaPropsOrBool
    Definitions={$JSONSchemaProps ExternalDocs=*$ExternalDocumentation Example=*j
    XPreserveUnknownFields:x-kubernetes-preserve-unknown-fields=*b
    XEmbeddedResource:x-kubernetes-embedded-resource=b XIntOrString:x-kubernetes-int-or-string=b
    XListMapKeys:x-kubernetes-list-map-keys=[s XListType:x-kubernetes-list-type=*s
    XMapType:x-kubernetes-map-type=*s XValidations:x-kubernetes-validations=[$ValidationRule
JSONSchemaPropsOrArray: Schema=*$JSONSchemaProps JSONSchemas:schemas=[$JSONSchemaProps
JSONSchemaPropsOrBool: Allows=b Schema=*$JSONSchemaProps
JSONSchemaPropsOrStringArray: Schema=*$JSONSchemaProps Property=[s
JobSpec: Parallelism=*i Completions=*i PodFailurePolicy=*$PodFailurePolicy SuccessPolicy=*$SuccessPolicy
    ActiveDeadlineSeconds=*i BackoffLimit=*i BackoffLimitPerIndex=*i MaxFailedIndexes=*i
    Selector=*$LabelSelector ManualSelector=*b Template=$PodTemplateSpec
    TTLSecondsAfterFinished:ttlSecondsAfterFinished=*i CompletionMode=*s Suspend=*b
    PodReplacementPolicy=*s ManagedBy=*s
JobTemplateSpec: +$ObjectMeta Spec=$JobSpec
KeyToPath: Key=s Path=s Mode=*i
Lifecycle: PostStart=*$LifecycleHandler PreStop=*$LifecycleHandler StopSignal=*s
LifecycleHandler: Exec=*$ExecAction HTTPGet:httpGet=*$HTTPGetAction TCPSocket:tcpSocket=*$TCPSocketAction
    Sleep=*$SleepAction
LimitResponse: Type=s Queuing=*$QueuingConfiguration
LimitedPriorityLevelConfiguration: NominalConcurrencyShares=i LimitResponse=$LimitResponse
    LendablePercent=*i BorrowingLimitPercent=*i
LoadBalancerIngress: IP:ip=s Hostname=s IPMode:ipMode=*s Ports=[$PortStatus
LoadBalancerStatus: Ingress=[$LoadBalancerIngress
LocalObjectReference: Name=s
LocalVolumeSource: Path=s FSType:fsType=*s
ModifyVolumeStatus: TargetVolumeAttributesClassName=s Status=s
NFSVolumeSource: Server=s Path=s ReadOnly=b
NetworkPolicyEgressRule: Ports=[$NetworkPolicyPort To=[$NetworkPolicyPeer
NetworkPolicyIngressRule: Ports=[$NetworkPolicyPort From=[$NetworkPolicyPeer
NetworkPolicyPeer: PodSelector=*$LabelSelector NamespaceSelector=*$LabelSelector IPBlock:ipBlock=*$IPBlock
NetworkPolicyPort: Protocol=*s Port=*o EndPort=*i
NetworkPolicySpec: PodSelector=$LabelSelector Ingress=[$NetworkPolicyIngressRule
    Egress=[$NetworkPolicyEgressRule PolicyTypes=[s
Node: +$ObjectMeta Spec=$NodeSpec Status=$NodeStatus
NodeAddress: Type=s Address=s
NodeAffinity: RequiredDuringSchedulingIgnoredDuringExecution=*$NodeSelector
    PreferredDuringSchedulingIgnoredDuringExecution=[$PreferredSchedulingTerm
NodeCondition: Type=s Status=s LastHeartbeatTime=t LastTransitionTime=t Reason=s Message=s
NodeConfigSource: ConfigMap=*$ConfigMapNodeConfigSource
NodeConfigStatus: Assigned=*$NodeConfigSource Active=*$NodeConfigSource LastKnownGood=*$NodeConfigSource
    Error=s
NodeDaemonEndpoints: KubeletEndpoint=$DaemonEndpoint
NodeFeatures: SupplementalGroupsPolicy=*b
NodeRuntimeHandler: Name=s Features=*$NodeRuntimeHandlerFeatures
NodeRuntimeHandlerFeatures: RecursiveReadOnlyMounts=*b UserNamespaces=*b
NodeSelector: NodeSelectorTerms=[$NodeSelectorTerm
NodeSelectorRequirement: Key=s Operator=s Values=[s
NodeSelectorTerm: MatchExpressions=[$NodeSelectorRequirement MatchFields=[$NodeSelectorRequirement
NodeSpec: PodCIDRs=[s ProviderID=s Unschedulable=b Taints=[$Taint ConfigSource=*$NodeConfigSource
    DoNotUseExternalID:externalID=s
NodeStatus: Capacity={q Allocatable={q Phase=s Conditions=[$NodeCondition Addresses=[$NodeAddress
    DaemonEndpoints=$NodeDaemonEndpoints NodeInfo=$NodeSystemInfo Images=[$ContainerImage VolumesInUse=[s
    VolumesAttached=[$AttachedVolume Config=*$NodeConfigStatus RuntimeHandlers=[$NodeRuntimeHandler
    Features=*$NodeFeatures DeclaredFeatures=[s
NodeSwapStatus: Capacity=*i
NodeSystemInfo: MachineID=s SystemUUID=s BootID=s KernelVersion=s OSImage:osImage=s
    ContainerRuntimeVersion=s KubeletVersion=s KubeProxyVersion=s OperatingSystem=s Architecture=s
    Swap=*$NodeSwapStatus
NonResourcePolicyRule: Verbs=[s NonResourceURLs:nonResourceURLs=[s
ObjectFieldSelector: APIVersion:apiVersion=s FieldPath=s
ObjectReference: Kind=s Namespace=s Name=s UID:uid=s APIVersion:apiVersion=s ResourceVersion=s FieldPath=s
OpaqueDeviceConfiguration: Driver=s Parameters=j
PersistentVolume: +$ObjectMeta Spec=$PersistentVolumeSpec Status=$PersistentVolumeStatus
PersistentVolumeClaim: +$ObjectMeta Spec=$PersistentVolumeClaimSpec Status=$PersistentVolumeClaimStatus
PersistentVolumeClaimCondition: Type=s Status=s LastProbeTime=t LastTransitionTime=t Reason=s Message=s
PersistentVolumeClaimSpec: AccessModes=[s Selector=*$LabelSelector Resources=$VolumeResourceRequirements
    VolumeName=s StorageClassName=*s VolumeMode=*s DataSource=*$TypedLocalObjectReference
    DataSourceRef=*$TypedObjectReference VolumeAttributesClassName=*s
PersistentVolumeClaimStatus: Phase=s AccessModes=[s Capacity={q
    Conditions=[$PersistentVolumeClaimCondition AllocatedResources={q AllocatedResourceStatuses={s
    CurrentVolumeAttributesClassName=*s ModifyVolumeStatus=*$ModifyVolumeStatus
PersistentVolumeClaimTemplate: +$ObjectMeta Spec=$PersistentVolumeClaimSpec
PersistentVolumeClaimVolumeSource: ClaimName=s ReadOnly=b
PersistentVolumeSource: GCEPersistentDisk:gcePersistentDisk=*$GCEPersistentDiskVolumeSource
    AWSElasticBlockStore:awsElasticBlockStore=*$AWSElasticBlockStoreVolumeSource
    HostPath=*$HostPathVolumeSource Glusterfs=*$GlusterfsPersistentVolumeSource NFS:nfs=*$NFSVolumeSource
    RBD:rbd=*$RBDPersistentVolumeSource Quobyte=*$QuobyteVolumeSource
    ISCSI:iscsi=*$ISCSIPersistentVolumeSource FlexVolume=*$FlexPersistentVolumeSource
    Cinder=*$CinderPersistentVolumeSource CephFS:cephfs=*$CephFSPersistentVolumeSource
    FC:fc=*$FCVolumeSource Flocker=*$FlockerVolumeSource AzureFile=*$AzureFilePersistentVolumeSource
    VsphereVolume=*$VsphereVirtualDiskVolumeSource AzureDisk=*$AzureDiskVolumeSource
    PhotonPersistentDisk=*$PhotonPersistentDiskVolumeSource PortworxVolume=*$PortworxVolumeSource
    ScaleIO=*$ScaleIOPersistentVolumeSource Local=*$LocalVolumeSource
    StorageOS:storageos=*$StorageOSPersistentVolumeSource CSI:csi=*$CSIPersistentVolumeSource
PersistentVolumeSpec: Capacity={q +$PersistentVolumeSource AccessModes=[s ClaimRef=*$ObjectReference
    PersistentVolumeReclaimPolicy=s StorageClassName=s MountOptions=[s VolumeMode=*s
    NodeAffinity=*$VolumeNodeAffinity VolumeAttributesClassName=*s
PersistentVolumeStatus: Phase=s Message=s Reason=s LastPhaseTransitionTime=*t
PhotonPersistentDiskVolumeSource: PdID=s FSType:fsType=s
PodAffinity: RequiredDuringSchedulingIgnoredDuringExecution=[$PodAffinityTerm
    PreferredDuringSchedulingIgnoredDuringExecution=[$WeightedPodAffinityTerm
PodAffinityTerm: LabelSelector=*$LabelSelector Namespaces=[s TopologyKey=s
    NamespaceSelector=*$LabelSelector MatchLabelKeys=[s MismatchLabelKeys=[s
PodAntiAffinity: RequiredDuringSchedulingIgnoredDuringExecution=[$PodAffinityTerm
    PreferredDuringSchedulingIgnoredDuringExecution=[$WeightedPodAffinityTerm
PodCertificateProjection: SignerName=s KeyType=s MaxExpirationSeconds=*i CredentialBundlePath=s KeyPath=s
    CertificateChainPath=s UserAnnotations={s
PodDNSConfig: Nameservers=[s Searches=[s Options=[$PodDNSConfigOption
PodDNSConfigOption: Name=s Value=*s
PodFailurePolicy: Rules=[$PodFailurePolicyRule
PodFailurePolicyOnExitCodesRequirement: ContainerName=*s Operator=s Values=[i
PodFailurePolicyOnPodConditionsPattern: Type=s Status=s
PodFailurePolicyRule: Action=s OnExitCodes=*$PodFailurePolicyOnExitCodesRequirement
    OnPodConditions=[$PodFailurePolicyOnPodConditionsPattern
PodOS: Name=s
PodReadinessGate: ConditionType=s
PodResourceClaim: Name=s ResourceClaimName=*s ResourceClaimTemplateName=*s
PodSchedulingGate: Name=s
PodSchedulingGroup: PodGroupName=*s
PodSecurityContext: HostNetwork:^hostNetwork=b HostPID:^hostPID=b HostIPC:^hostIPC=b
    ShareProcessNamespace:^shareProcessNamespace=*b HostUsers:^hostUsers=*b
    SELinuxOptions:seLinuxOptions=*$SELinuxOptions WindowsOptions=*$WindowsSecurityContextOptions
    RunAsUser=*i RunAsGroup=*i RunAsNonRoot=*b SupplementalGroups=[i SupplementalGroupsPolicy=*s
    FSGroup:fsGroup=*i FSGroupChangePolicy:fsGroupChangePolicy=*s Sysctls=[$Sysctl
    SeccompProfile=*$SeccompProfile AppArmorProfile=*$AppArmorProfile
    SELinuxChangePolicy:seLinuxChangePolicy=*s
PodSpec: Volumes=[$Volume InitContainers=[$Container Containers=[$Container
    EphemeralContainers=[$EphemeralContainer RestartPolicy=s TerminationGracePeriodSeconds=*i
    ActiveDeadlineSeconds=*i DNSPolicy:dnsPolicy=s NodeSelector={s ServiceAccountName=s
    AutomountServiceAccountToken=*b NodeName=s SecurityContext=$PodSecurityContext
    ImagePullSecrets=[$LocalObjectReference Hostname=s Subdomain=s SetHostnameAsFQDN=*b
    Affinity=*$Affinity SchedulerName=s Tolerations=[$Toleration HostAliases=[$HostAlias
    PriorityClassName=s Priority=*i PreemptionPolicy=*s DNSConfig:dnsConfig=*$PodDNSConfig
    ReadinessGates=[$PodReadinessGate RuntimeClassName=*s Overhead={q EnableServiceLinks=*b
    TopologySpreadConstraints=[$TopologySpreadConstraint OS:os=*$PodOS SchedulingGates=[$PodSchedulingGate
    ResourceClaims=[$PodResourceClaim Resources=*$ResourceRequirements HostnameOverride=*s
    SchedulingGroup=*$PodSchedulingGroup
PodTemplateSpec: +$ObjectMeta Spec=$PodSpec
PolicyRulesWithSubjects: Subjects=[$FlowSubject ResourceRules=[$ResourcePolicyRule
    NonResourceRules=[$NonResourcePolicyRule
PortStatus: Port=i Protocol=s Error=*s
PortworxVolumeSource: VolumeID=s FSType:fsType=s ReadOnly=b
PreferredSchedulingTerm: Weight=i Preference=$NodeSelectorTerm
PriorityLevelConfigurationReference: Name=s
PriorityLevelConfigurationSpec: Type=s Limited=*$LimitedPriorityLevelConfiguration
    Exempt=*$ExemptPriorityLevelConfiguration
Probe: +$ProbeHandler InitialDelaySeconds=i TimeoutSeconds=i PeriodSeconds=i SuccessThreshold=i
    FailureThreshold=i TerminationGracePeriodSeconds=*i
ProbeHandler: Exec=*$ExecAction HTTPGet:httpGet=*$HTTPGetAction TCPSocket:tcpSocket=*$TCPSocketAction
    GRPC:grpc=*$GRPCAction
ProjectedVolumeSource: Sources=[$VolumeProjection DefaultMode=*i
QueuingConfiguration: Queues=i HandSize=i QueueLengthLimit=i
QuobyteVolumeSource: Registry=s Volume=s ReadOnly=b User=s Group=s Tenant=s
RBDPersistentVolumeSource: CephMonitors:monitors=[s RBDImage:image=s FSType:fsType=s RBDPool:pool=s
    RadosUser:user=s Keyring=s SecretRef=*$SecretReference ReadOnly=b
RBDVolumeSource: CephMonitors:monitors=[s RBDImage:image=s FSType:fsType=s RBDPool:pool=s RadosUser:user=s
    Keyring=s SecretRef=*$LocalObjectReference ReadOnly=b
ResourceClaim: Name=s Request=s
ResourceClaimSpec: Devices=$DeviceClaim
ResourceClaimTemplateSpec: +$ObjectMeta Spec=$ResourceClaimSpec
ResourceFieldSelector: ContainerName=s Resource=s Divisor=q
ResourcePolicyRule: Verbs=[s APIGroups:apiGroups=[s Resources=[s ClusterScope=b Namespaces=[s
ResourceQuotaSpec: Hard={q Scopes=[s ScopeSelector=*$ScopeSelector
ResourceRequirements: Limits={q Requests={q Claims=[$ResourceClaim
RoleRef: APIGroup:apiGroup=s Kind=s Name=s
RollingUpdateDaemonSet: MaxUnavailable=o MaxSurge=o
RollingUpdateDeployment: MaxUnavailable=o MaxSurge=o
RollingUpdateStatefulSetStrategy: Partition=i MaxUnavailable=*o
SELinuxOptions: User=s Role=s Type=s Level=s
ScaleIOPersistentVolumeSource: Gateway=s System=s SecretRef=*$SecretReference SSLEnabled:sslEnabled=b
    ProtectionDomain=s StoragePool=s StorageMode=s VolumeName=s FSType:fsType=s ReadOnly=b
ScaleIOVolumeSource: Gateway=s System=s SecretRef=*$LocalObjectReference SSLEnabled:sslEnabled=b
    ProtectionDomain=s StoragePool=s StorageMode=s VolumeName=s FSType:fsType=s ReadOnly=b
ScopeSelector: MatchExpressions=[$ScopedResourceSelectorRequirement
ScopedResourceSelectorRequirement: ScopeName=s Operator=s Values=[s
SeccompProfile: Type=s LocalhostProfile=*s
SecretEnvSource: +$LocalObjectReference Optional=*b
SecretKeySelector: +$LocalObjectReference Key=s Optional=*b
SecretProjection: +$LocalObjectReference Items=[$KeyToPath Optional=*b
SecretReference: Name=s Namespace=s
SecretVolumeSource: SecretName=s Items=[$KeyToPath DefaultMode=*i Optional=*b
SecurityContext: Capabilities=*$Capabilities Privileged=*b SELinuxOptions:seLinuxOptions=*$SELinuxOptions
    WindowsOptions=*$WindowsSecurityContextOptions RunAsUser=*i RunAsGroup=*i RunAsNonRoot=*b
    ReadOnlyRootFilesystem=*b AllowPrivilegeEscalation=*b ProcMount=*s SeccompProfile=*$SeccompProfile
    AppArmorProfile=*$AppArmorProfile
SelectableField: JSONPath:jsonPath=s
Service: +$ObjectMeta Spec=$ServiceSpec Status=$ServiceStatus
ServiceAccountSubject: Namespace=s Name=s
ServiceAccountTokenProjection: Audience=s ExpirationSeconds=i Path=s
ServiceBackendPort: Name=s Number=i
ServicePort: Name=s Protocol=s AppProtocol=*s Port=i TargetPort=o NodePort=i
ServiceSpec: Type=s Ports=[$ServicePort Selector={s ClusterIP=s ClusterIPs=[s IPFamilies:ipFamilies=[s
    IPFamilyPolicy:ipFamilyPolicy=*s ExternalName=s ExternalIPs=[s LoadBalancerIP=s SessionAffinity=s
    SessionAffinityConfig=*$SessionAffinityConfig LoadBalancerSourceRanges=[s ExternalTrafficPolicy=s
    HealthCheckNodePort=i PublishNotReadyAddresses=b AllocateLoadBalancerNodePorts=*b LoadBalancerClass=*s
    InternalTrafficPolicy=*s TrafficDistribution=*s
ServiceStatus: LoadBalancer=$LoadBalancerStatus Conditions=[j
SessionAffinityConfig: ClientIP=*$ClientIPConfig
SleepAction: Seconds=i
StatefulSetOrdinals: Start=i
StatefulSetPersistentVolumeClaimRetentionPolicy: WhenDeleted=s WhenScaled=s
StatefulSetSpec: Replicas=i Selector=*$LabelSelector Template=$PodTemplateSpec
    VolumeClaimTemplates=[$PersistentVolumeClaim ServiceName=s PodManagementPolicy=s
    UpdateStrategy=$StatefulSetUpdateStrategy RevisionHistoryLimit=*i MinReadySeconds=i
    PersistentVolumeClaimRetentionPolicy=*$StatefulSetPersistentVolumeClaimRetentionPolicy
    Ordinals=*$StatefulSetOrdinals
StatefulSetUpdateStrategy: Type=s RollingUpdate=*$RollingUpdateStatefulSetStrategy
StorageClass: +$ObjectMeta Provisioner=s Parameters={s ReclaimPolicy=*s MountOptions=[s
    AllowVolumeExpansion=*b VolumeBindingMode=*s AllowedTopologies=[$TopologySelectorTerm
StorageOSPersistentVolumeSource: VolumeName=s VolumeNamespace=s FSType:fsType=s ReadOnly=b
    SecretRef=*$ObjectReference
StorageOSVolumeSource: VolumeName=s VolumeNamespace=s FSType:fsType=s ReadOnly=b
    SecretRef=*$LocalObjectReference
SuccessPolicy: Rules=[$SuccessPolicyRule
SuccessPolicyRule: SucceededIndexes=*s SucceededCount=*i
Sysctl: Name=s Value=s
TCPSocketAction: Port=o Host=s
Taint: Key=s Value=s Effect=s TimeAdded=*t
Toleration: Key=s Operator=s Value=s Effect=s TolerationSeconds=*i
TopologySelectorLabelRequirement: Key=s Values=[s
TopologySelectorTerm: MatchLabelExpressions=[$TopologySelectorLabelRequirement
TopologySpreadConstraint: MaxSkew=i TopologyKey=s WhenUnsatisfiable=s LabelSelector=*$LabelSelector
    MinDomains=*i NodeAffinityPolicy=*s NodeTaintsPolicy=*s MatchLabelKeys=[s
TypedLocalObjectReference: APIGroup:apiGroup=*s Kind=s Name=s
TypedObjectReference: APIGroup:apiGroup=*s Kind=s Name=s Namespace=*s
UserSubject: Name=s
ValidationRule: Rule=s Message=s MessageExpression=s Reason=*s FieldPath=s OptionalOldSelf=*b
Volume: Name=s +$VolumeSource
VolumeAttachmentSource: PersistentVolumeName=*s InlineVolumeSpec=*$PersistentVolumeSpec
VolumeAttachmentSpec: Attacher=s Source=$VolumeAttachmentSource NodeName=s
VolumeDevice: Name=s DevicePath=s
VolumeMount: Name=s ReadOnly=b RecursiveReadOnly=*s MountPath=s SubPath=s MountPropagation=*s
    SubPathExpr=s
VolumeNodeAffinity: Required=*$NodeSelector
VolumeProjection: Secret=*$SecretProjection DownwardAPI=*$DownwardAPIProjection
    ConfigMap=*$ConfigMapProjection ServiceAccountToken=*$ServiceAccountTokenProjection
    ClusterTrustBundle=*$ClusterTrustBundleProjection PodCertificate=*$PodCertificateProjection
VolumeResourceRequirements: Limits={q Requests={q
VolumeSource: HostPath=*$HostPathVolumeSource EmptyDir=*$EmptyDirVolumeSource
    GCEPersistentDisk:gcePersistentDisk=*$GCEPersistentDiskVolumeSource
    AWSElasticBlockStore:awsElasticBlockStore=*$AWSElasticBlockStoreVolumeSource
    GitRepo=*$GitRepoVolumeSource Secret=*$SecretVolumeSource NFS:nfs=*$NFSVolumeSource
    ISCSI:iscsi=*$ISCSIVolumeSource Glusterfs=*$GlusterfsVolumeSource
    PersistentVolumeClaim=*$PersistentVolumeClaimVolumeSource RBD:rbd=*$RBDVolumeSource
    Quobyte=*$QuobyteVolumeSource FlexVolume=*$FlexVolumeSource Cinder=*$CinderVolumeSource
    CephFS:cephfs=*$CephFSVolumeSource Flocker=*$FlockerVolumeSource DownwardAPI=*$DownwardAPIVolumeSource
    FC:fc=*$FCVolumeSource AzureFile=*$AzureFileVolumeSource ConfigMap=*$ConfigMapVolumeSource
    VsphereVolume=*$VsphereVirtualDiskVolumeSource AzureDisk=*$AzureDiskVolumeSource
    PhotonPersistentDisk=*$PhotonPersistentDiskVolumeSource Projected=*$ProjectedVolumeSource
    PortworxVolume=*$PortworxVolumeSource ScaleIO=*$ScaleIOVolumeSource
    StorageOS:storageos=*$StorageOSVolumeSource CSI:csi=*$CSIVolumeSource
    Ephemeral=*$EphemeralVolumeSource Image=*$ImageVolumeSource
VsphereVirtualDiskVolumeSource: VolumePath=s FSType:fsType=s StoragePolicyName=s StoragePolicyID=s
WeightedPodAffinityTerm: Weight=i PodAffinityTerm=$PodAffinityTerm
WindowsSecurityContextOptions: GMSACredentialSpecName:gmsaCredentialSpecName=*s
    GMSACredentialSpec:gmsaCredentialSpec=*s RunAsUserName=*s HostProcess=*b
"""
