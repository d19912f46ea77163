using System.Collections.Concurrent;
using System.Text;
using BlazeGateway.Api;
using BlazeGateway.Api.Access;
using BlazeGateway.Policies;
using BlazeGateway.Policies.Clients;
using BlazeGateway.Policies.Inference;
using BlazeGateway.Policies.Pipeline;
using BlazeGateway.Policies.Pipeline.Body;
using BlazeGateway.Policies.RateLimiting;
using BlazeGateway.Tests.Api;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Prometheus;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Forwarder;
using Yarp.ReverseProxy.Model;

namespace BlazeGateway.Tests.Hosting;

/// <summary>
/// Sockets' threads run requests themselves. What is ours and short stays on them; what may block or take long goes to the thread pool. A thread of
/// the test's own stands for the socket's.
/// </summary>
public class SocketThreadTests
{
    [Fact]
    public async Task The_admin_plane_leaves_the_sockets_thread()
    {
        using var held = new ManualResetEventSlim();
        var entered = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        var ports = new AdminPorts
        {
            Configuration = () => new ConfigurationReport(IsApplied: true, LastReloadSucceeded: true),
            Reload = _ => throw new InvalidOperationException(),
        };
        await using var host = await AdminHost.StartAsync(ports, [], []);
        RequestDelegate blocking = _ =>
        {
            entered.SetResult(Thread.CurrentThread.IsThreadPoolThread);
            held.Wait(TestContext.Current.CancellationToken);
            return Task.CompletedTask;
        };
        var gate = ActivatorUtilities.CreateInstance<AdminGate>(host.Services, blocking);
        var http = new DefaultHttpContext { RequestServices = host.Services };

        var answering = await OnThreadAsync(() => gate.InvokeAsync(http));
        Assert.True(await entered.Task, "the handler runs on the thread pool");
        Assert.False(answering.IsCompleted, "the socket's thread went on while the handler is held");
        held.Set();
        await answering;
    }

    [Theory]
    [InlineData(256 * 1024, false)]
    [InlineData((256 * 1024) + 1, true)]
    [InlineData(4 << 20, true)]
    public async Task A_long_body_is_read_through_elsewhere(int length, bool leaves)
    {
        var threads = new ConcurrentQueue<bool>();
        var flowed = new AsyncLocal<int>(change =>
        {
            if (change is { ThreadContextChanged: true, CurrentValue: 1 })
            {
                threads.Enqueue(Thread.CurrentThread.IsThreadPoolThread);
            }
        });
        var context = Context(new string(' ', length - 1) + "x");
        var (reading, atOnce) = await OnThreadAsync(() =>
        {
            flowed.Value = 1;
            threads.Clear();
            var peek = new PeekStep(null!);
            Assert.True(peek.Applies(context));
            var running = peek.RunAsync(context, null!).AsTask();
            var isDone = running.IsCompleted && threads.IsEmpty;
            flowed.Value = 0;
            return (running, isDone);
        });

        Assert.Null(await reading);
        Assert.Equal(GatewayError.MalformedJson, context.Error);
        Assert.Equal(!leaves, atOnce);
        Assert.Equal(leaves, threads.Contains(true));
    }

    private static RequestContext Context(string body)
    {
        var time = new FakeTimeProvider();
        var bytes = Encoding.UTF8.GetBytes(body);
        var http = new DefaultHttpContext();
        http.Request.Method = "POST";
        http.Request.Path = "/v1/chat/completions";
        http.Request.ContentLength = bytes.Length;
        http.Features.Get<IHttpRequestFeature>()!.Body = new MemoryStream(bytes);
        var route = new RouteModel(new RouteConfig { RouteId = "r", Match = new RouteMatch { Path = "/{**rest}" } }, cluster: null, HttpTransformer.Default);
        var context = new RequestContext(new BodyBudget(BodyBudget.DefaultLimit), time);
        context.Begin(http, new RoutePlan(route, new RequestMetrics(Metrics.NewCustomRegistry(), time), new ClientDirectory(new ClientsOptions(), new byte[ClientDirectory.SecretLength]), new PermitTable(), time));
        return context;
    }

    private static Task<T> OnThreadAsync<T>(Func<T> run)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        new Thread(() =>
        {
            try
            {
                done.SetResult(run());
            }
            catch (Exception exception)
            {
                done.SetException(exception);
            }
        }).Start();
        return done.Task;
    }
}
