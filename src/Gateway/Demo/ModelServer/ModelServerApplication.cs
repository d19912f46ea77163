using BlazeGateway.Demo.ModelServer.Surface;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Abstractions;
using Microsoft.AspNetCore.Http.Features;

namespace BlazeGateway.Demo.ModelServer;

/// <summary>What Kestrel calls for each request; request objects are reused per connection.</summary>
internal sealed class ModelServerApplication(ServerContext server) : IHttpApplication<ServedRequest>
{
    private readonly Router _router = new(server);

    public ServedRequest CreateContext(IFeatureCollection contextFeatures)
    {
        var request = contextFeatures is IHostContextContainer<ServedRequest> container ? container.HostContext ??= new() : new ServedRequest();
        request.Http.Initialize(contextFeatures);
        request.Fault = null;
        request.EndedByFault = false;
        request.HasLeft = 0;
        return request;
    }

    public async Task ProcessRequestAsync(ServedRequest context)
    {
        var http = context.Http;
        server.Stats.Started(HttpMethods.IsPost(http.Request.Method));
        var completed = false;
        var departure = server.Stats.Remembers ? http.RequestAborted.UnsafeRegister(NoteDeparture, context) : default;
        try
        {
            await _router.RouteAsync(context);
            completed = !context.EndedByFault && !http.RequestAborted.IsCancellationRequested;
        }
        catch (Exception e) when (http.RequestAborted.IsCancellationRequested || IsBrokenBody(e))
        {
            NoteDeparture(context);
            http.Abort();
        }
        catch (BadHttpRequestException e) when (!http.Response.HasStarted)
        {
            await Replies.ErrorAsync(http, Replies.DialectOf(http.Request.Path.Value!), e.StatusCode, e.Message);
        }
        catch (Exception e) when (!http.Response.HasStarted)
        {
            var message = $"The simulated model server failed: {e.GetType().Name}: {e.Message}";
            await Replies.ErrorAsync(http, Replies.DialectOf(http.Request.Path.Value!), StatusCodes.Status500InternalServerError, message);
        }
        finally
        {
            await departure.DisposeAsync();
            server.Stats.Ended(completed);
        }
    }

    public void DisposeContext(ServedRequest context, Exception? exception) => context.Http.Uninitialize();

    private void NoteDeparture(object? state)
    {
        if (state is ServedRequest { EndedByFault: false } request && server.Stats.Remembers && Interlocked.Exchange(ref request.HasLeft, 1) == 0)
        {
            server.Stats.ClientLeft(server.Time.GetUtcNow());
        }
    }

    /// <summary>A body that breaks off is seen before the end of its connection is.</summary>
    private static bool IsBrokenBody(Exception e) => e is IOException and not BadHttpRequestException { StatusCode: not StatusCodes.Status400BadRequest };
}
