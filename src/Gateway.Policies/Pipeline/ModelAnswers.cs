using System.Buffers;
using System.Collections.Immutable;
using BlazeGateway.Policies.Destinations;
using BlazeGateway.Policies.Inference;
using Yarp.ReverseProxy.Model;

namespace BlazeGateway.Policies.Pipeline;

/// <summary>Answers questions about models from the catalog: what a route offers now, over all its clusters.</summary>
internal static class ModelAnswers
{
    /// <summary>Header that Anthropic's libraries send with every request; on paths that several APIs have, it tells whose client asks.</summary>
    public const string AnthropicVersion = "anthropic-version";

    /// <summary>Writes the answer; an error when the model asked about is not offered.</summary>
    public static async ValueTask<GatewayError?> WriteAsync(RequestContext context, ClusterState own, CatalogSnapshot catalog)
    {
        var http = context.Http;
        var body = new ArrayBufferWriter<byte>(1024);
        var isAnthropic = http.Request.Headers.ContainsKey(AnthropicVersion);
        var table = context.Route.Models;
        switch (context.Record.Operation)
        {
            case Operation.OllamaTags:
                ModelListBody.WriteOllama(body, ModelListing.Of(catalog, table, own.ClusterId));
                break;
            case Operation.GetModel:
                InferencePath.TryGetModelId(http.Request.Path.Value, out var id);
                if (ModelListing.Find(catalog, table, own.ClusterId, id.ToString()) is not { } model)
                {
                    context.ErrorMessage = ModelName.IsValid(id) ? UnknownModel.Describe(Dialect.OpenAi, id) : null;
                    return GatewayError.ModelNotFound;
                }

                Write(body, isAnthropic, model);
                break;
            default:
                Write(body, isAnthropic, ModelListing.Of(catalog, table, own.ClusterId));
                break;
        }

        http.Response.ContentType = "application/json";
        http.Response.ContentLength = body.WrittenCount;
        http.Response.Headers[RequestId.Header] = context.Record.RequestId;
        await http.Response.Body.WriteAsync(body.WrittenMemory, http.RequestAborted);
        return null;
    }

    private static void Write(ArrayBufferWriter<byte> body, bool isAnthropic, ModelEntry model)
    {
        if (isAnthropic)
        {
            ModelListBody.WriteAnthropic(body, model);
        }
        else
        {
            ModelListBody.WriteOpenAi(body, model);
        }
    }

    private static void Write(ArrayBufferWriter<byte> body, bool isAnthropic, ImmutableArray<ModelEntry> models)
    {
        if (isAnthropic)
        {
            ModelListBody.WriteAnthropic(body, models);
        }
        else
        {
            ModelListBody.WriteOpenAi(body, models);
        }
    }
}
