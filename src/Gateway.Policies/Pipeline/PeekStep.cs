using BlazeGateway.Policies.Inference;
using BlazeGateway.Policies.Pipeline.Body;
using Yarp.ReverseProxy.Model;

namespace BlazeGateway.Policies.Pipeline;

/// <summary>
/// Step Peek, on inference routes only: tells the operation from the path, holds the body, reads what it asks for and finds the cluster
/// that serves it. Questions about models are answered here without a destination.
/// </summary>
internal sealed class PeekStep(ModelRouting routing)
{
    // A longer body takes milliseconds to read through, for which a socket's thread may not be held.
    private const long LongBody = 256 * 1024;

    /// <summary>Reads the operation; false when the request is to be forwarded without a look at its body.</summary>
    public bool Applies(RequestContext context)
    {
        var request = context.Http.Request;
        var path = request.Path.Value;
        var operation = InferencePath.Classify(request.Method, path);
        context.Record.Operation = operation;
        if (operation != Operation.None)
        {
            return true;
        }

        if (!context.Route.Options.AllowManagementPaths && ManagementPaths.IsManagement(context.Route.Kind, request.Method, path))
        {
            context.Error = GatewayError.PathNotAllowed;
        }

        return false;
    }

    /// <summary>The cluster to send to; null when the request is answered or <see cref="RequestContext.Error"/> tells why it is refused.</summary>
    public ValueTask<ClusterState?> RunAsync(RequestContext context, ClusterState own)
    {
        if (!InferencePath.HasBody(context.Record.Operation))
        {
            return AnswerAsync(context, own);
        }

        context.IsInference = true;
        context.Dialect = InferencePath.DialectOf(context.Record.Operation);
        var reading = BodyReader.ReadAsync(context);
        if (!reading.IsCompletedSuccessfully || context.Body.Length > LongBody)
        {
            return FinishAsync(reading, context, own);
        }

        context.Error = reading.Result;
        return new(context.Error is null ? Look(context, own) : null);
    }

    private async ValueTask<ClusterState?> AnswerAsync(RequestContext context, ClusterState own)
    {
        await routing.WhenAskedOnce(context.Http.RequestAborted);
        context.Error = await ModelAnswers.WriteAsync(context, own, routing.Catalog);
        return null;
    }

    private async ValueTask<ClusterState?> FinishAsync(ValueTask<GatewayError?> reading, RequestContext context, ClusterState own)
    {
        context.Error = await reading;
        if (context.Error is not null)
        {
            return null;
        }

        if (context.Body.Length > LongBody)
        {
            await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        }

        return Look(context, own);
    }

    private ClusterState? Look(RequestContext context, ClusterState own)
    {
        var result = BodyPeek.Read(context.Body.Content, context.Record.Operation, out context.Facts);
        if (!result.IsOk)
        {
            context.Error = result.Error;
            context.ErrorMessage = result.Message;
            return null;
        }

        return routing.Resolve(context, own);
    }
}
