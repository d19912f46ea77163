using BlazeGateway.Demo.ModelServer.Batching;
using BlazeGateway.Demo.ModelServer.Surface;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Abstractions;
using Microsoft.AspNetCore.Http.Features;

namespace BlazeGateway.Demo.ModelServer;

/// <summary>What Kestrel calls for each request; request objects are reused per connection.</summary>
internal sealed class ModelServerApplication : IHttpApplication<DefaultHttpContext>
{
    private readonly Router _router;
    private readonly TimeProvider _time;

    public ModelServerApplication(ModelServerHostOptions options, EngineLoop engine, TimeProvider time)
    {
        _time = time;
        Stats = new ModelServerStats(options.RememberedRequests);
        _router = new Router(new ServerContext(options, engine, Stats, time));
    }

    public ModelServerStats Stats { get; }

    public DefaultHttpContext CreateContext(IFeatureCollection contextFeatures)
    {
        if (contextFeatures is not IHostContextContainer<DefaultHttpContext> container)
        {
            return new DefaultHttpContext(contextFeatures);
        }

        if (container.HostContext is { } reused)
        {
            reused.Initialize(contextFeatures);
            return reused;
        }

        return container.HostContext = new DefaultHttpContext(contextFeatures);
    }

    public async Task ProcessRequestAsync(DefaultHttpContext context)
    {
        Stats.Started();
        var completed = false;
        try
        {
            await _router.RouteAsync(context);
            completed = !context.RequestAborted.IsCancellationRequested;
        }
        catch (Exception) when (context.RequestAborted.IsCancellationRequested)
        {
            context.Abort();
        }
        finally
        {
            if (!completed && context.RequestAborted.IsCancellationRequested)
            {
                Stats.ClientLeft(_time.GetUtcNow());
            }

            Stats.Ended(completed);
        }
    }

    public void DisposeContext(DefaultHttpContext context, Exception? exception) => context.Uninitialize();
}
