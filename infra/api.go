package infra

import (
	"encoding/json"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigatewayv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/jsii-runtime-go"
)

// api is the HTTP API: webhooks and OAuth for the world, the operator API for those whom IAM lets in.
type api struct {
	http   awsapigatewayv2.CfnApi
	logs   awslogs.LogGroup
	url    string // https://..., without a slash at the end
	domain awsapigatewayv2.CfnDomainName
}

// accessLine is one line of the access log: which route, never which path, for the path of a Salesforce message holds a
// secret (T25); and nothing of who called: no address, no principal, no query.
var accessLine = map[string]string{
	"requestId": "$context.requestId", "route": "$context.routeKey", "status": "$context.status", "latency": "$context.responseLatency",
	"functionLatency": "$context.integrationLatency", "functionStatus": "$context.integrationStatus", "error": "$context.error.responseType",
}

// addAPI makes the API with its stage and log. Routes come later, for functions are told its address.
func (d *deployment) addAPI() {
	c := d.customer
	own := c.AWS.Domain
	d.api.http = awsapigatewayv2.NewCfnApi(d.Stack, str("Api"), &awsapigatewayv2.CfnApiProps{
		Name: str(c.stackName()), ProtocolType: str("HTTP"), Description: str("webhooks, OAuth and the operator API of " + c.stackName()),
		DisableExecuteApiEndpoint: jsii.Bool(own != nil), // one address only: signatures are made over it
	})
	d.api.url = *d.api.http.AttrApiEndpoint()
	d.api.logs = d.log("ApiLog", "api")
	line, err := json.Marshal(accessLine)
	if err != nil {
		panic(err) // strings only
	}
	stage := awsapigatewayv2.NewCfnStage(d.Stack, str("ApiStage"), &awsapigatewayv2.CfnStageProps{
		ApiId: d.api.http.Ref(), StageName: str("$default"), AutoDeploy: yes,
		AccessLogSettings:    &awsapigatewayv2.CfnStage_AccessLogSettingsProperty{DestinationArn: d.api.logs.LogGroupArn(), Format: str(string(line))},
		DefaultRouteSettings: &awsapigatewayv2.CfnStage_RouteSettingsProperty{ThrottlingRateLimit: num(c.AWS.Throttle.Rate), ThrottlingBurstLimit: num(c.AWS.Throttle.Burst)},
	})
	if own != nil {
		d.addDomain(stage)
	}
}

func (d *deployment) addDomain(stage awsapigatewayv2.CfnStage) {
	own := d.customer.AWS.Domain
	d.api.url = "https://" + own.Name
	d.api.domain = awsapigatewayv2.NewCfnDomainName(d.Stack, str("Domain"), &awsapigatewayv2.CfnDomainNameProps{
		DomainName: str(own.Name),
		DomainNameConfigurations: []any{&awsapigatewayv2.CfnDomainName_DomainNameConfigurationProperty{
			CertificateArn: str(own.Certificate), EndpointType: str("REGIONAL"), SecurityPolicy: str("TLS_1_2")}},
	})
	mapping := awsapigatewayv2.NewCfnApiMapping(d.Stack, str("DomainMapping"), &awsapigatewayv2.CfnApiMappingProps{
		ApiId: d.api.http.Ref(), DomainName: d.api.domain.Ref(), Stage: stage.Ref(),
	})
	mapping.Node().AddDependency(stage)
}

// openRoutes ask for no credential of AWS: webhooks are signed by who sends them, OAuth asks for a ticket and a state.
var openRoutes = []struct{ key, function string }{
	{"ANY /webhooks/{connection}", "webhook"},
	{"POST /webhooks/{connection}/{secret+}", "webhook"},
	{"GET /oauth/{system}/start", "oauth"},
	{"GET /oauth/{system}/callback", "oauth"},
}

// addRoutes leads routes to functions. Every route of the operator API stands by itself, so that the log names it and a
// policy can; whatever else is under /api is answered by the function too, for those who may call everything.
func (d *deployment) addRoutes() {
	targets := map[string]*string{}
	for _, name := range []string{"webhook", "oauth", "console"} {
		targets[name] = d.addIntegration(name)
	}
	for n, r := range openRoutes {
		d.addRoute([]string{"WebhookRoute", "WebhookSecretRoute", "OauthStartRoute", "OauthCallbackRoute"}[n], r.key, "NONE", targets[r.function])
	}
	for _, r := range operatorRoutes() {
		d.addRoute("Api"+logical(r.Method+" "+r.Path), r.key(), "AWS_IAM", targets["console"])
	}
	d.addRoute("ApiElse", "ANY /api/{proxy+}", "AWS_IAM", targets["console"])
}

func (d *deployment) addRoute(id, key, authorization string, target *string) {
	awsapigatewayv2.NewCfnRoute(d.Stack, str(id), &awsapigatewayv2.CfnRouteProps{ApiId: d.api.http.Ref(), RouteKey: str(key), AuthorizationType: str(authorization), Target: target})
}

// addIntegration lets the API invoke a function, and gives what a route points to.
func (d *deployment) addIntegration(name string) *string {
	lambda := d.work[name].lambda
	awslambda.NewCfnPermission(d.Stack, str(logical(name)+"ByApi"), &awslambda.CfnPermissionProps{
		Action: str("lambda:InvokeFunction"), FunctionName: lambda.FunctionArn(), Principal: str("apigateway.amazonaws.com"),
		SourceArn: str(d.arn("execute-api", *d.api.http.Ref()+"/*/*")), // any stage and route of this API
	})
	integration := awsapigatewayv2.NewCfnIntegration(d.Stack, str(logical(name)+"Integration"), &awsapigatewayv2.CfnIntegrationProps{
		ApiId: d.api.http.Ref(), IntegrationType: str("AWS_PROXY"), IntegrationUri: lambda.FunctionArn(), PayloadFormatVersion: str("2.0"), TimeoutInMillis: num(30000),
	})
	return str("integrations/" + *integration.Ref())
}
